#include "services/rollout/worker/admission.h"

#include <algorithm>

namespace cohort::rollout {

Admission Admit(const prompt::v1::PromptTask& task, const HeldPolicy& policy) {
  if (policy.version < 0 || task.incarnation() > policy.incarnation) return Admission::kWait;
  if (task.incarnation() < policy.incarnation) return Admission::kDrop;
  if (policy.version < task.min_policy_version()) return Admission::kWait;
  if (policy.version > task.max_policy_version()) return Admission::kObsolete;
  return Admission::kSample;
}

bool MayExchange(const std::vector<const prompt::v1::PromptTask*>& running, const HeldPolicy& next) {
  return std::all_of(running.begin(), running.end(), [&](const prompt::v1::PromptTask* task) {
    return task->incarnation() == next.incarnation && next.version <= task->max_policy_version();
  });
}

bool IsNewer(const HeldPolicy& next, const HeldPolicy& held) {
  if (held.version < 0) return next.version >= 0;
  return next.incarnation != held.incarnation ? next.incarnation > held.incarnation : next.version > held.version;
}

}  // namespace cohort::rollout

#include "services/learner/loop/step_collector.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"

namespace cohort::learner {

StepCollector::StepCollector(Options options, const config::v1::RunConfig& config, Intake* intake, TaskIssuer* issuer, StepMetrics* metrics,
                             std::function<int()> subscribers)
    : options_(options), config_(config), intake_(intake), issuer_(issuer), metrics_(metrics), subscribers_(std::move(subscribers)) {}

absl::StatusOr<std::vector<SlotGroup>> StepCollector::Collect(int64_t step, const std::function<absl::Status()>& attend) {
  COHORT_RETURN_IF_ERROR(WaitForAll(step, attend));
  if (config_.algorithm().dynamic_sampling()) {
    const int64_t wanted = config_.algorithm().prompts_per_step();
    int64_t seen = 0;
    int64_t useful = 0;
    for (int wave = 0;; ++wave) {
      useful += CountUseful(step, seen);
      seen = intake_->Count(step);
      if (useful >= wanted || wave == config_.algorithm().max_refill_waves()) break;
      COHORT_LOG(INFO) << "step=" << step << " " << useful << " of " << wanted << " groups teach something; refill wave " << wave + 1;
      COHORT_RETURN_IF_ERROR(issuer_->OpenSlots(step, wanted));
      COHORT_RETURN_IF_ERROR(WaitForAll(step, attend));
    }
  }
  std::vector<SlotGroup> slots;
  bool any = false;
  for (SlotTable::Slot& slot : intake_->TakeNext()) {
    SlotGroup group;
    group.rewards = ScalarizeGroup(config_, slot.group);
    group.group = std::move(slot.group);
    any = any || group.group.completions_size() > 0;
    slots.push_back(std::move(group));
  }
  if (!any) {
    return absl::FailedPreconditionError(absl::StrCat("step ", step, ": all ", slots.size(),
                                                      " prompts were given up; the dead-letter stream says why (cohort dlq list)"));
  }
  ChooseOutcomes(config_, slots);
  return slots;
}

int64_t StepCollector::CountUseful(int64_t step, int64_t first_slot) const {
  int64_t useful = 0;
  intake_->Visit(step, first_slot, [&](const learner::v1::Group* group) {
    if (group != nullptr && !ZeroSpread(ScalarizeGroup(config_, *group))) ++useful;
  });
  return useful;
}

absl::Status StepCollector::WaitForAll(int64_t step, const std::function<absl::Status()>& attend) {
  IntakeCounts counted = intake_->counts();
  absl::Time heard = absl::Now();
  absl::Duration reconcile_after = options_.reconcile_after;
  absl::Duration complain_after = options_.complain_after;
  for (;;) {
    metrics_->SetOpenSlots(static_cast<int64_t>(intake_->Unresolved().size()));
    const absl::Status waited = intake_->WaitForStep(step, absl::Now() + options_.poll);
    if (!absl::IsDeadlineExceeded(waited)) return waited;
    const absl::Time attended = absl::Now();
    COHORT_RETURN_IF_ERROR(attend());
    heard += absl::Now() - attended;  // A pause is no silence.
    const IntakeCounts now = intake_->counts();
    if (now.accepted != counted.accepted) {
      counted = now;
      heard = absl::Now();
      reconcile_after = options_.reconcile_after;
      complain_after = options_.complain_after;
      continue;
    }
    const absl::Duration silence = absl::Now() - heard;
    if (silence >= reconcile_after) {
      reconcile_after = 2 * silence;
      const absl::Status reconciled = issuer_->Reconcile();
      if (absl::IsFailedPrecondition(reconciled) || absl::IsCancelled(reconciled)) return reconciled;
      if (!reconciled.ok()) COHORT_LOG(WARNING) << "step=" << step << " the queue cannot be compared with the open slots: " << reconciled.message();
    }
    if (silence >= complain_after) {
      complain_after = silence + options_.complain_after;
      Complain(step, silence);
    }
  }
}

void StepCollector::Complain(int64_t step, absl::Duration silence) {
  const size_t missing = intake_->Unresolved().size();
  const int subscribers = subscribers_();
  COHORT_LOG(WARNING) << "step=" << step << " no group has come for " << absl::Trunc(silence, absl::Seconds(1)) << ", " << missing
                      << " slots are open: " << issuer_->DescribeQueue() << "; "
                      << (subscribers == 0 ? std::string("no worker follows the policy: is one running, and can it reach this learner?")
                                           : absl::StrCat(subscribers, " workers follow the policy"));
}

}  // namespace cohort::learner

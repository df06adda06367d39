#include "services/rollout/worker/engine_prompts.h"

#include <utility>

#include "absl/status/status.h"
#include "common/log/log.h"

namespace cohort::rollout {

Placement EnginePrompts::Place(int64_t id) {
  if (waiting_.empty()) return Placement::kNone;
  const std::shared_ptr<GenerateJob> job = waiting_.front();
  if (job->cancelled || job->added == job->requests.size()) {
    waiting_.pop_front();
    return Placement::kEnded;
  }
  GroupRequest request = job->requests[job->added];
  request.id = id;
  const absl::Status status = engine_.Add(std::move(request));
  if (absl::IsResourceExhausted(status)) return Placement::kFull;
  const Running running{job, static_cast<int>(job->added++)};
  if (!status.ok()) {
    Tell(running, {running.prompt, FinishedGroup{0, status, {}}});
    return Placement::kEnded;
  }
  running_[id] = running;
  return Placement::kPlaced;
}

bool EnginePrompts::Pass(SampledToken& token) {
  const auto it = running_.find(token.group);
  if (it == running_.end()) return false;
  Tell(it->second, {it->second.prompt, std::move(token)});
  return true;
}

bool EnginePrompts::Finish(FinishedGroup& group) {
  const auto it = running_.find(group.id);
  if (it == running_.end()) return false;
  Tell(it->second, {it->second.prompt, std::move(group)});
  running_.erase(it);
  return true;
}

void EnginePrompts::DropCancelled() {
  for (auto it = running_.begin(); it != running_.end();) {
    if (it->second.job->cancelled) {
      engine_.Abort(it->first);
      it = running_.erase(it);
    } else {
      ++it;
    }
  }
}

void EnginePrompts::Close() {
  for (const auto& [id, running] : running_) running.job->events.Close();
  for (const auto& job : waiting_) job->events.Close();
  running_.clear();
  waiting_.clear();
}

void EnginePrompts::Tell(const Running& running, GenerateEvent event) {
  if (running.job->events.TryPush(std::move(event))) return;
  COHORT_LOG(WARNING) << "a Generate call does not read; it is ended";
  running.job->cancelled = true;
  running.job->events.Close();
}

}  // namespace cohort::rollout

#include "services/rollout/worker/engine_tasks.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/status/status.h"

namespace cohort::rollout {
namespace {

GroupRequest RequestFor(const prompt::v1::PromptTask& task, int64_t id) {
  GroupRequest request;
  request.id = id;
  request.prompt.assign(task.prompt_token_ids().begin(), task.prompt_token_ids().end());
  request.samples = task.group_size();
  request.sampling = task.sampling();
  request.step = task.step();
  request.slot = task.slot();
  return request;
}

}  // namespace

Placement EngineTasks::Place(const HeldPolicy& policy, int64_t id) {
  for (auto it = waiting_.begin(); it != waiting_.end(); ++it) {
    const std::shared_ptr<HeldLease> held = *it;
    const Admission admission = Admit(held->lease.task, policy);
    if (admission == Admission::kWait) continue;
    Placement next = Placement::kEnded;
    if (admission == Admission::kSample) {
      const absl::Status status = engine_.Add(RequestFor(held->lease.task, id));
      if (absl::IsResourceExhausted(status)) return Placement::kFull;
      if (status.ok()) {
        running_[id] = held;
        next = Placement::kPlaced;
      } else {
        finisher_->Bury(held, std::string(status.message()));
      }
    } else if (admission == Admission::kObsolete) {
      finisher_->Acknowledge(held);
    } else {
      finisher_->Forget(held, Outcome::kDropped);
    }
    waiting_.erase(it);
    return next;
  }
  return Placement::kNone;
}

bool EngineTasks::Finish(FinishedGroup& group) {
  const auto it = running_.find(group.id);
  if (it == running_.end()) return false;
  if (group.status.ok()) {
    finisher_->Submit(it->second, std::move(group));
  } else {
    finisher_->Bury(it->second, std::string(group.status.message()));
  }
  running_.erase(it);
  return true;
}

void EngineTasks::DropLost() {
  for (auto it = running_.begin(); it != running_.end();) {
    if (it->second->lost) {
      engine_.Abort(it->first);
      finisher_->Forget(it->second, Outcome::kLost);
      it = running_.erase(it);
    } else {
      ++it;
    }
  }
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if ((*it)->lost) {
      finisher_->Forget(*it, Outcome::kLost);
      it = waiting_.erase(it);
    } else {
      ++it;
    }
  }
}

void EngineTasks::DropRunning() {
  for (const auto& [id, held] : running_) {
    engine_.Abort(id);
    finisher_->Forget(held, Outcome::kDropped);
  }
  running_.clear();
}

void EngineTasks::ReleaseWaiting() {
  for (auto& held : waiting_) finisher_->Release(std::move(held));
  waiting_.clear();
}

void EngineTasks::ReleaseLaterHalf() {
  const auto sooner = [](const std::shared_ptr<HeldLease>& a, const std::shared_ptr<HeldLease>& b) {
    return std::pair(a->lease.task.step(), a->lease.task.slot()) < std::pair(b->lease.task.step(), b->lease.task.slot());
  };
  std::sort(waiting_.begin(), waiting_.end(), sooner);
  for (size_t kept = waiting_.size() / 2; waiting_.size() > kept;) {
    finisher_->Release(std::move(waiting_.back()));
    waiting_.pop_back();
  }
}

void EngineTasks::ReleaseRunning() {
  for (const auto& [id, held] : running_) {
    engine_.Abort(id);
    finisher_->Release(held);
  }
  running_.clear();
}

void EngineTasks::LeaveRunning() {
  for (const auto& [id, held] : running_) finisher_->Forget(held, Outcome::kFailed);
  running_.clear();
}

std::vector<const prompt::v1::PromptTask*> EngineTasks::Running() const {
  std::vector<const prompt::v1::PromptTask*> tasks;
  for (const auto& [id, held] : running_) tasks.push_back(&held->lease.task);
  return tasks;
}

}  // namespace cohort::rollout

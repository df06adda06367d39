#include "services/learner/observe/run_feed.h"

#include <algorithm>

namespace cohort::learner {

using learner::v1::RUN_PHASE_FAILED;
using learner::v1::RUN_PHASE_FINISHED;
using learner::v1::StepRecord;

void RunFeed::Update(const std::function<void(learner::v1::GetRunResponse&)>& change) {
  absl::MutexLock lock(&mutex_);
  change(state_);
}

void RunFeed::SetPhase(learner::v1::RunPhase phase, const std::string& message) {
  absl::MutexLock lock(&mutex_);
  state_.set_phase(phase);
  state_.set_message(message);
}

learner::v1::GetRunResponse RunFeed::State() const {
  absl::MutexLock lock(&mutex_);
  return state_;
}

void RunFeed::Add(const StepRecord& record) {
  absl::MutexLock lock(&mutex_);
  records_.push_back(record);
  state_.set_steps_done(record.step() + 1);
  state_.set_policy_version(record.policy_version());
  state_.set_train_seconds(record.elapsed_seconds());
}

int64_t RunFeed::size() const {
  absl::MutexLock lock(&mutex_);
  return records_.size();
}

absl::StatusOr<StepRecord> RunFeed::WaitFor(int64_t step, absl::Time deadline) const {
  absl::MutexLock lock(&mutex_);
  const auto find = [this, step]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return std::lower_bound(records_.begin(), records_.end(), step, [](const StepRecord& record, int64_t wanted) { return record.step() < wanted; });
  };
  const auto ready = [this, &find]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return stopped_ || find() != records_.end() || state_.phase() == RUN_PHASE_FINISHED || state_.phase() == RUN_PHASE_FAILED;
  };
  mutex_.AwaitWithDeadline(absl::Condition(&ready), deadline);
  if (const auto found = find(); found != records_.end()) return *found;
  if (stopped_) return absl::UnavailableError("the learner is stopping");
  if (state_.phase() == RUN_PHASE_FINISHED) return absl::OutOfRangeError("the run has finished");
  if (state_.phase() == RUN_PHASE_FAILED) return absl::AbortedError(state_.message());
  return absl::DeadlineExceededError("the step has not ended yet");
}

void RunFeed::Stop() {
  absl::MutexLock lock(&mutex_);
  stopped_ = true;
}

}  // namespace cohort::learner

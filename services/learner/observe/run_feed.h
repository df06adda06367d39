#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "proto/cohort/learner/v1/run_service.pb.h"

namespace cohort::learner {

// The state of the run as people see it: its phase and the records of all finished steps. The learner writes, RPCs read. Thread-safe. Memory: one
// record (under 1 kB) a step.
class RunFeed {
 public:
  RunFeed() { state_.set_phase(learner::v1::RUN_PHASE_STARTING); }

  // Changes the state in place under the lock.
  void Update(const std::function<void(learner::v1::GetRunResponse&)>& change) ABSL_LOCKS_EXCLUDED(mutex_);
  void SetPhase(learner::v1::RunPhase phase, const std::string& message) ABSL_LOCKS_EXCLUDED(mutex_);
  learner::v1::GetRunResponse State() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Appends the record of the next finished step.
  void Add(const learner::v1::StepRecord& record) ABSL_LOCKS_EXCLUDED(mutex_);
  // Steps recorded.
  int64_t size() const ABSL_LOCKS_EXCLUDED(mutex_);

  // The record of `step`, once it is there. OUT_OF_RANGE when the run has finished without it, ABORTED (with the run's message) when it has failed,
  // UNAVAILABLE after Stop(), DEADLINE_EXCEEDED otherwise.
  absl::StatusOr<learner::v1::StepRecord> WaitFor(int64_t step, absl::Time deadline) const ABSL_LOCKS_EXCLUDED(mutex_);

  // Ends all waits.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  mutable absl::Mutex mutex_;
  learner::v1::GetRunResponse state_ ABSL_GUARDED_BY(mutex_);
  std::vector<learner::v1::StepRecord> records_ ABSL_GUARDED_BY(mutex_);  // Ascending steps.
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace cohort::learner

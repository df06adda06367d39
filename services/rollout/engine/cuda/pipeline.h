#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "services/rollout/engine/cuda/row_table.h"
#include "services/rollout/engine/cuda/step_device.h"
#include "services/rollout/engine/schedule/scheduler.h"

namespace cohort::rollout::cuda {

// The host's side of decoding one step ahead of it: a step enqueues pieces of new prompts and of samples that were preempted, and one batch that samples a
// token for every running sample, and then takes the results of the step before. So a token is known one Step() after it was sampled, and a sample that is
// preempted still gets the token that was on its way. Not thread-safe.
class Pipeline {
 public:
  // `device` must outlive the pipeline.
  Pipeline(const SchedulerOptions& options, StepDevice& device);

  // `version`: of the weights that the device holds now.
  absl::Status Step(int64_t version);

  Scheduler& scheduler() { return scheduler_; }
  const Scheduler& scheduler() const { return scheduler_; }

 private:
  // What a step in flight samples for: row `row` is that sample.
  struct Target {
    std::shared_ptr<Group> group;  // Keeps the sample alive.
    Sample* sample = nullptr;
    int row = 0;
  };
  struct Flight {
    bool active = false;
    int64_t version = 0;
    std::vector<Target> targets;
  };

  absl::Status Enqueue(int turn);
  absl::Status EnqueueDecode(int turn);
  // Waits for a step and takes its tokens.
  absl::Status Collect(int turn);

  StepDevice& device_;
  Scheduler scheduler_;
  RowTable rows_;
  Flight flights_[2];
  int64_t steps_ = 0;  // Enqueued; step n takes turn n % 2.
};

}  // namespace cohort::rollout::cuda

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/cohort/config/v1/run.pb.h"
#include "services/learner/intake/intake.h"
#include "services/learner/loop/step_groups.h"
#include "services/learner/loop/task_issuer.h"

namespace cohort::learner {

// Gathers all groups of one step: waits for the intake, asks for refill waves of dynamic sampling, looks after a queue from which nothing comes.
//
// Not thread-safe. Waits without limit for workers to come (a run may have none for a while) but says every so often what it waits for.
class StepCollector {
 public:
  struct Options {
    absl::Duration poll = absl::Seconds(1);            // One wait for the intake.
    absl::Duration reconcile_after = absl::Seconds(3);  // Silence after which the queue is compared with the open slots; doubles while it lasts.
    absl::Duration complain_after = absl::Seconds(15);  // Silence after which, and then period in which, it is logged.
  };
  // `subscribers` tells how many workers follow the policy. Everything outlives the collector.
  StepCollector(Options options, const config::v1::RunConfig& config, Intake* intake, TaskIssuer* issuer, StepMetrics* metrics,
                std::function<int()> subscribers);

  // The slots of `step`, in order and with their outcomes; the intake goes on to the next step. CANCELLED when the learner is to stop.
  // FAILED_PRECONDITION when every slot was given up: nothing can be learnt from the step. `attend` is called while it waits, once a `poll`; its error
  // ends the wait.
  absl::StatusOr<std::vector<SlotGroup>> Collect(int64_t step, const std::function<absl::Status()>& attend);

 private:
  absl::Status WaitForAll(int64_t step, const std::function<absl::Status()>& attend);
  void Complain(int64_t step, absl::Duration silence);
  // Groups of `step` from `first_slot` on that dynamic sampling keeps.
  int64_t CountUseful(int64_t step, int64_t first_slot) const;

  const Options options_;
  const config::v1::RunConfig& config_;
  Intake* const intake_;
  TaskIssuer* const issuer_;
  StepMetrics* const metrics_;
  const std::function<int()> subscribers_;
};

}  // namespace cohort::learner

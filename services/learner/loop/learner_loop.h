#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/metrics/time_budget.h"
#include "common/policy/policy_publisher.h"
#include "common/sync/stop.h"
#include "proto/cohort/config/v1/run.pb.h"
#include "services/learner/checkpoint/run_state.h"
#include "services/learner/control/budget_window.h"
#include "services/learner/control/run_control.h"
#include "services/learner/intake/intake.h"
#include "services/learner/loop/run_checkpoints.h"
#include "services/learner/loop/run_clock.h"
#include "services/learner/loop/step_collector.h"
#include "services/learner/loop/task_issuer.h"
#include "services/learner/observe/run_feed.h"
#include "services/learner/observe/step_metrics.h"
#include "services/learner/observe/step_reporter.h"
#include "services/learner/train/trainer.h"

namespace cohort::learner {

// The learner's main loop: issue tasks, gather the groups of a step in slot order, update the policy, publish it, write down what happened.
//
// Between two steps the whole state of training is (weights, trainer state, step), which is what a checkpoint holds. A checkpoint of step s is copied
// while the workers generate step s, and written while training goes on. Runs on one thread; not thread-safe.
class LearnerLoop {
 public:
  // What the loop works with; everything outlives it.
  struct Parts {
    const config::v1::RunConfig* config = nullptr;
    Trainer* trainer = nullptr;
    TaskBuilder* tasks = nullptr;
    TaskIssuer* issuer = nullptr;
    StepCollector* collector = nullptr;
    Intake* intake = nullptr;
    RunCheckpoints* checkpoints = nullptr;
    const RunClock* clock = nullptr;
    StepReporter* reporter = nullptr;
    policy::PolicyPublisher* publisher = nullptr;
    const policy::CollectiveRoot* root = nullptr; // Broadcasts what is published, from the GPU's memory; nullptr: nobody does.
    RunFeed* feed = nullptr;
    StepMetrics* metrics = nullptr;
    metrics::TimeBudget* budget = nullptr;
    BudgetWindow* window = nullptr;
    RunControl* control = nullptr;
    // Whether all followers of a learner of several processes are there, waiting for them until `deadline`. Null for a learner of one process.
    std::function<bool(absl::Time deadline)> await_followers;
    TellEvent tell;
    sync::StopToken stop;
  };
  // Where the run stands: the state of the checkpoint it goes on from, or a fresh one.
  LearnerLoop(Parts parts, RunState start, std::string run_directory);

  // Trains up to run.steps, then writes the final checkpoint and RUN_DIRECTORY/model. CANCELLED when a stop was requested, FAILED_PRECONDITION with
  // reason QUEUE_LOST when the queue's server came back without its data, ABORTED with reason BEGIN_AGAIN when somebody has ordered what only another
  // incarnation can do; in these cases a checkpoint of the last finished step has been written if that was possible (and no rollback was ordered), so that
  // another process, or another incarnation in this one, goes on exactly there. Any other error: the run cannot go on.
  absl::Status Run();

 private:
  absl::Status RunStep();
  // Carries out what was ordered and takes note of a checkpoint that has been written meanwhile; returns when the run may go on. `activity` is what the
  // loop does afterwards. Errors are those of Run().
  absl::Status Attend(const std::string& activity);
  // Issues the steps that the staleness bound allows.
  absl::Status IssueAhead();
  // Returns when all followers are there; meanwhile does what is ordered. Errors are those of Run().
  absl::Status AwaitFollowers();
  // One update; repeats it when a follower is lost on the way.
  absl::StatusOr<UpdateMetrics> TrainOn(const std::vector<SampleGroup>& groups);
  absl::StatusOr<UpdateMetrics> Update(const std::vector<SlotGroup>& slots);
  absl::Status Publish();
  void Report(const std::vector<SlotGroup>& slots, const UpdateMetrics& update, learner::v1::StepRecord record);
  absl::Status Finish();

  const Parts parts_;
  const std::string run_directory_;
  RunState state_;                    // state_.step is the step to do next.
  int skipped_updates_ = 0;           // In a row.
  IntakeCounts counted_;              // What has been reported of the intake's counts.
};

}  // namespace cohort::learner

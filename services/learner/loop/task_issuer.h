#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/queue/prompt_queue.h"
#include "common/sync/stop.h"
#include "services/learner/intake/intake.h"
#include "services/learner/observe/step_metrics.h"
#include "services/learner/schedule/task_builder.h"

namespace cohort::learner {

// Keeps the queue in step with the slots that are open: issues tasks, issues them again when the queue has lost them, and gives slots up whose task
// is a dead letter.
//
// Not thread-safe. Calls to the queue have deadlines and are repeated with back-off; only a requested stop or another learner ends that.
class TaskIssuer {
 public:
  struct Options {
    std::string run;
    int64_t incarnation = 0;
    absl::Duration call_timeout = absl::Seconds(5);
  };
  // All pointers outlive the issuer.
  TaskIssuer(Options options, queue::PromptQueue* queue, TaskBuilder* tasks, Intake* intake, StepMetrics* metrics, sync::StopToken stop);

  // Opens the next `count` slots of `step` and issues the tasks of those that no journalled group fills. CANCELLED when a stop was requested;
  // FAILED_PRECONDITION (reason OTHER_INCARNATION) when another learner has taken over.
  absl::Status OpenSlots(int64_t step, int64_t count);

  // Compares the queue with the open slots: gives up those that are dead letters, issues again what is in neither. One attempt.
  absl::Status Reconcile();

  // For a person: why groups may be missing.
  std::string DescribeQueue();

 private:
  absl::Status Issue(const std::vector<prompt::v1::PromptTask>& tasks);
  absl::Status GiveUpDeadLetters();

  const Options options_;
  queue::PromptQueue* const queue_;
  TaskBuilder* const tasks_;
  Intake* const intake_;
  StepMetrics* const metrics_;
  const sync::StopToken stop_;
};

}  // namespace cohort::learner

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/metrics/time_budget.h"
#include "common/model/checkpoint.h"
#include "proto/cohort/config/v1/run.pb.h"
#include "proto/cohort/learner/v1/run_service.pb.h"
#include "proto/cohort/registry/v1/registry.pb.h"
#include "services/learner/checkpoint/checkpoint_store.h"
#include "services/learner/checkpoint/checkpoint_writer.h"
#include "services/learner/control/run_control.h"
#include "services/learner/journal/journal.h"
#include "services/learner/loop/run_clock.h"
#include "services/learner/observe/run_feed.h"
#include "services/learner/observe/step_metrics.h"
#include "services/learner/observe/step_reporter.h"
#include "services/learner/train/trainer.h"

namespace cohort::learner {

// Tells an event of the run; may do nothing.
using TellEvent = std::function<void(registry::v1::EventKind kind, const std::string& subject, const std::string& message)>;

// The checkpoints of a run that goes on: copies the state between two steps, lets it be written while training goes on, and afterwards tells everybody who
// depends on it: the store (which drops old ones), the journal, metrics, RunService, and those who may order a rollback. Where one
// is ordered, no checkpoint is made that it would remove, and none goes that it may name.
//
// The destructor waits for the checkpoint that is being written. Called by the thread of the loop; not thread-safe.
class RunCheckpoints {
 public:
  // What it works with; everything outlives it.
  struct Parts {
    const config::v1::RunConfig* config = nullptr;
    const model::LoadedModel* model = nullptr;    // Sizes and layout.
    Trainer* trainer = nullptr;
    CheckpointStore* store = nullptr;
    Journal* journal = nullptr;
    StepReporter* reporter = nullptr;
    RunFeed* feed = nullptr;
    StepMetrics* metrics = nullptr;
    metrics::TimeBudget* budget = nullptr;
    RunControl* control = nullptr;
    const RunClock* clock = nullptr;
    TellEvent tell;
  };
  explicit RunCheckpoints(Parts parts);

  // A step was done whose completions had this mean reward: what a checkpoint is measured by.
  void CountStep(double reward_mean);

  // Begins the checkpoint of `state`, which stands between two steps, if the config wants one of that step; a failure is logged. Adds to `record` how long
  // the loop was held up.
  void BeginWhenDue(const RunState& state, v1::StepRecord& record);

  // Takes note of the checkpoint that was begun last: of one that has been written meanwhile, or (Await) when it is; a failure is logged. Nothing where none was.
  void Poll() { LogFailure(Finish(writer_.Poll())); }
  void Await() { LogFailure(Finish(writer_.Wait())); }

  // Writes a checkpoint of `state`, which stands between two steps; returns when it is on disk. OK also when there is one of this step, or a rollback was ordered.
  absl::Status Save(const RunState& state);

  // Writes the policy as it is now to `directory`, as a Hugging Face checkpoint.
  absl::Status ExportModel(const std::string& directory);

 private:
  static void LogFailure(const absl::Status& status);
  // Copies the state and begins to write it, after waiting for the checkpoint before; true if a checkpoint is being written now.
  absl::StatusOr<bool> Begin(RunState state);
  // Tells everybody about a checkpoint that has been written, or could not be; `written` may be empty.
  absl::Status Finish(std::optional<CheckpointWriter::Written> written);
  // What a rollback may name.
  void Show(const std::vector<Checkpoint>& checkpoints);

  const Parts parts_;
  // Since the last checkpoint, and in the one that is being written.
  struct Rewards {
    double sum = 0;
    int64_t steps = 0;
  };
  Rewards rewards_, rewards_being_written_;
  CheckpointWriter writer_;
};

}  // namespace cohort::learner

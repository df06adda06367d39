#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "common/metrics/metrics.h"
#include "common/queue/prompt_queue.h"
#include "common/rpc/endpoint_file.h"
#include "common/sync/stop.h"
#include "services/learner/checkpoint/run_directory.h"
#include "services/learner/control/run_control.h"
#include "services/learner/observe/step_metrics.h"
#include "services/learner/server/learner_options.h"
#include "services/learner/server/run_inputs.h"

namespace cohort::learner {

// What a learner's process has from its start to its end, while one incarnation follows the other. Everything outlives it.
struct LearnerProcess {
  const LearnerOptions& options;
  const RunInputs& inputs;  // With the config in force (RunControl::EffectiveConfig) when an incarnation begins.
  RunDirectory& directory;
  RunControl& control;
  metrics::Registry& registry;
  StepMetrics& metrics;
  sync::StopToken stop;
};

// One incarnation of the learner, whose number `queue` has drawn, which listens on `endpoints`, where it fills in the port that it has bound for the
// incarnations to come: restores the newest checkpoint, after a rollback where one is pending, serves, trains. Blocks until a stop is requested: OK when the run had
// finished by then, CANCELLED when it was stopped in the middle (it can go on with --resume). FAILED_PRECONDITION with reason QUEUE_LOST and ABORTED with reason
// BEGIN_AGAIN: begin another incarnation. Any other error: the run cannot go on; for a few seconds before it returns, RunService says why.
absl::Status RunIncarnation(const LearnerProcess& process, queue::PromptQueue& queue, int64_t incarnation, rpc::Endpoints& endpoints);

}  // namespace cohort::learner

#pragma once

#include <cstdint>
#include <string>

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

// One incarnation of a learner, whose number `queue` has drawn, which listens on
// `endpoints`, where it fills in the port that it has bound for the incarnations to come: restores the newest checkpoint, serves, trains. Blocks until a stop is requested: OK
// when the run had finished by then, CANCELLED when it was stopped in the middle (it can go on with --resume). FAILED_PRECONDITION with reason QUEUE_LOST and ABORTED
// with reason BEGIN_AGAIN: begin another incarnation. Any other error: the run cannot go on; for a few seconds before it returns, RunService says why.
// The config of `inputs` is the one in force (RunControl::EffectiveConfig); a rollback that `control` says is pending is done first.
absl::Status RunIncarnation(const LearnerOptions& options, const RunInputs& inputs, RunDirectory& directory, RunControl& control,
                            queue::PromptQueue& queue, int64_t incarnation, metrics::Registry& registry, StepMetrics& step_metrics, rpc::Endpoints& endpoints,
                            const sync::StopToken& stop);

}  // namespace cohort::learner

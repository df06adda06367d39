#pragma once

#include "absl/status/status.h"
#include "common/sync/stop.h"
#include "services/rollout/worker/worker_options.h"

namespace cohort::rollout {

// Runs a rollout worker until `stop` is requested or somebody drains it for good: OK after the drain. Errors of the start (a bad model, an address that cannot be
// bound, no queue) are returned as they come. When the engine fails, what was finished is handed in, and the process ends here, with the exit code of that error.
absl::Status RunWorker(const WorkerOptions& options, const sync::StopToken& stop);

}  // namespace cohort::rollout

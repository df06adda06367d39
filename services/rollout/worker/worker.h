#pragma once

#include "absl/status/status.h"
#include "common/sync/stop.h"
#include "services/rollout/worker/worker_options.h"

namespace cohort::rollout {

// Runs a rollout worker until `stop` is requested, then drains it: OK. Errors of the start (a bad model, an address that cannot be bound, no queue) are
// returned as they come.
absl::Status RunWorker(const WorkerOptions& options, const sync::StopToken& stop);

}  // namespace cohort::rollout

#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "common/model/arena_layout.h"
#include "common/model/model_config.h"
#include "services/rollout/engine/engine.h"
#include "services/rollout/worker/worker_options.h"

namespace cohort::rollout {

// The engine that `options.device` asks for: on a GPU where "auto" finds one that Cohort was built for and the model fits its kernels, else on
// processors. UNAVAILABLE when a GPU is asked for and there is none, or this build has no CUDA; other errors are those of the engine.
absl::StatusOr<std::unique_ptr<Engine>> MakeEngine(const WorkerOptions& options, const model::ModelConfig& config, const model::ArenaLayout& layout);

}  // namespace cohort::rollout

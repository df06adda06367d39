#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/model/model_config.h"
#include "proto/cohort/common/v1/sampling.pb.h"
#include "services/rollout/engine/engine.h"

namespace cohort::rollout {

// INVALID_ARGUMENT names the parameter that makes no sense.
absl::Status CheckSamplingParams(const common::v1::SamplingParams& params);

// Whether top_k, top_p or min_p may drop tokens.
bool Truncates(const common::v1::SamplingParams& params, int64_t vocab_size);

// INVALID_ARGUMENT when no engine of this vocabulary and context could sample the request.
absl::Status CheckGroupRequest(const GroupRequest& request, int64_t vocab_size, int64_t max_context);

// Tokens of prompt and completion that an engine makes room for: `wanted`, or for 0 what model::DefaultContext() says. INVALID_ARGUMENT when the model has fewer
// positions.
absl::StatusOr<int64_t> ChooseContext(const model::ModelConfig& config, int64_t wanted);

}  // namespace cohort::rollout

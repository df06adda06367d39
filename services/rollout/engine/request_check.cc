#include "services/rollout/engine/request_check.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"

namespace cohort::rollout {
namespace {

constexpr float kLowestTemperature = 1e-3f;

}  // namespace

absl::Status CheckSamplingParams(const common::v1::SamplingParams& params) {
  // Written so that a NaN fails.
  if (!(params.temperature() == 0 || (params.temperature() >= kLowestTemperature && std::isfinite(params.temperature())))) {
    return absl::InvalidArgumentError(absl::StrCat("sampling.temperature is ", params.temperature(), "; it must be 0 (greedy) or at least 0.001"));
  }
  if (!(params.top_p() >= 0 && params.top_p() <= 1)) {
    return absl::InvalidArgumentError(absl::StrCat("sampling.top_p is ", params.top_p(), "; it must lie between 0 and 1"));
  }
  if (!(params.min_p() >= 0 && params.min_p() <= 1)) {
    return absl::InvalidArgumentError(absl::StrCat("sampling.min_p is ", params.min_p(), "; it must lie between 0 and 1"));
  }
  if (params.top_k() < 0) return absl::InvalidArgumentError(absl::StrCat("sampling.top_k is ", params.top_k(), "; it must not be negative"));
  if (params.max_new_tokens() < 1) {
    return absl::InvalidArgumentError(absl::StrCat("sampling.max_new_tokens is ", params.max_new_tokens(), "; it must be at least 1"));
  }
  return absl::OkStatus();
}

bool Truncates(const common::v1::SamplingParams& params, int64_t vocab_size) {
  return (params.top_k() > 0 && params.top_k() < vocab_size) || (params.top_p() > 0 && params.top_p() < 1) || params.min_p() > 0;
}

absl::Status CheckGroupRequest(const GroupRequest& request, int64_t vocab_size, int64_t max_context) {
  COHORT_RETURN_IF_ERROR(CheckSamplingParams(request.sampling));
  if (request.samples < 1) return absl::InvalidArgumentError("a group needs at least one sample");
  if (request.prompt.empty()) return absl::InvalidArgumentError("the prompt is empty");
  if (static_cast<int64_t>(request.prompt.size()) >= max_context) {
    return absl::InvalidArgumentError(
        absl::StrCat("the prompt of ", request.prompt.size(), " tokens leaves no room in the context of ", max_context));
  }
  for (const int32_t token : request.prompt) {
    if (token < 0 || token >= vocab_size) {
      return absl::InvalidArgumentError(absl::StrCat("token ", token, " of the prompt is not in the vocabulary of ", vocab_size));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> ChooseContext(const model::ModelConfig& config, int64_t wanted) {
  const int64_t limit = config.max_positions > 0 ? config.max_positions : model::DefaultContext(config);
  const int64_t context = wanted == 0 ? model::DefaultContext(config) : wanted;
  if (context >= 2 && context <= limit) return context;
  return absl::InvalidArgumentError(absl::StrCat("a context of ", context, " tokens is impossible: the model has ", limit, " positions"));
}

}  // namespace cohort::rollout

#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "common/model/checkpoint.h"
#include "services/learner/train/policy_model.h"

namespace cohort::learner::tensor {

// A TensorPolicyModel on GPU `gpu`, for callers that do not see LibTorch. Errors are those of CaughtError().
absl::StatusOr<std::unique_ptr<PolicyModel>> MakeTensorPolicyModel(const PolicyModelOptions& options, const model::LoadedModel& initial, int gpu);

}  // namespace cohort::learner::tensor

#pragma once

#include <memory>

#include "common/model/checkpoint.h"
#include "services/learner/train/policy_model.h"

namespace cohort::learner::tensor {

// A TensorPolicyModel on GPU `gpu`, for callers that do not see LibTorch. Throws std::exception when memory runs out.
std::unique_ptr<PolicyModel> MakeTensorPolicyModel(const PolicyModelOptions& options, const model::LoadedModel& initial, int gpu);

}  // namespace cohort::learner::tensor

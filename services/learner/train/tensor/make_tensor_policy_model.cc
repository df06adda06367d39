#include "services/learner/train/tensor/make_tensor_policy_model.h"

#include "services/learner/train/catch_errors.h"
#include "services/learner/train/tensor/tensor_policy_model.h"

namespace cohort::learner::tensor {

absl::StatusOr<std::unique_ptr<PolicyModel>> MakeTensorPolicyModel(const PolicyModelOptions& options, const model::LoadedModel& initial, int gpu) {
  return CatchErrors([&]() -> std::unique_ptr<PolicyModel> {
    return std::make_unique<TensorPolicyModel>(options, initial, at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(gpu)));
  });
}

}  // namespace cohort::learner::tensor

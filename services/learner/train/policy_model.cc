#include "services/learner/train/policy_model.h"

#include "absl/strings/str_cat.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "services/learner/train/catch_errors.h"
#include "services/learner/train/host_policy_model.h"

#if COHORT_CUDA
#include "common/config/memory.h"
#include "common/cuda/device.h"
#include "common/model/memory_needs.h"
#include "services/learner/train/tensor/make_tensor_policy_model.h"
#endif

namespace cohort::learner {
namespace {

using config::v1::Device;

constexpr char kFollowerLost[] = "FOLLOWER_LOST";

#if COHORT_CUDA
bool HasGpu() { return cuda::DeviceCount() > 0; }

// Before anything is allocated: an allocation that fails in the middle of a step says less.
absl::Status CheckMemory(const cuda::DeviceInfo& device, const PolicyModelOptions& options, const model::LoadedModel& initial) {
  model::TrainingShape shape =
      config::TrainingShapeOf(options.optimizer, options.reference, options.may_go_back, options.broadcasts, options.longest_sequence);
  shape.optimizes = options.optimizes;
  const auto needs = model::TrainingNeeds(initial.config, initial.layout, shape);
  const int64_t needed = model::Sum(needs);
  if (needed <= device.free_bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("GPU ", device.index, " (", device.name, ") has ", model::SizeText(device.free_bytes), " of ", model::SizeText(device.total_bytes),
                   " free, training needs ", model::NeedsText(needs), ". End what else runs there, lower optimizer.micro_batch_tokens, set "
                   "optimizer.activation_checkpointing or optimizer.reference_on_host, or take a smaller model"));
}

absl::StatusOr<std::unique_ptr<PolicyModel>> MakeOnGpu(const PolicyModelOptions& options, const model::LoadedModel& initial) {
  COHORT_ASSIGN_OR_RETURN(const cuda::DeviceInfo device, cuda::UseDevice(options.optimizer.gpu()));
  COHORT_RETURN_IF_ERROR(CheckMemory(device, options, initial));
  return tensor::MakeTensorPolicyModel(options, initial, device.index);
}
#else
bool HasGpu() { return false; }

absl::StatusOr<std::unique_ptr<PolicyModel>> MakeOnGpu(const PolicyModelOptions&, const model::LoadedModel&) {
  return absl::UnavailableError(
      "optimizer.device is CUDA, but this program was built without it: configure with -DCOHORT_CUDA=ON, or set optimizer.device to CPU");
}
#endif

absl::StatusOr<std::unique_ptr<PolicyModel>> MakeOnHost(const PolicyModelOptions& options, const model::LoadedModel& initial) {
  return CatchErrors([&]() -> std::unique_ptr<PolicyModel> { return std::make_unique<HostPolicyModel>(options, initial); });
}

}  // namespace

absl::Status FollowerLost(absl::string_view message) { return ErrorWithReason(absl::StatusCode::kUnavailable, kFollowerLost, message); }

bool IsFollowerLost(const absl::Status& status) { return ErrorReason(status) == kFollowerLost; }

absl::StatusOr<std::unique_ptr<PolicyModel>> PolicyModel::Create(const PolicyModelOptions& options, const model::LoadedModel& initial) {
  const Device device = options.optimizer.device();
  const bool on_gpu = device == config::v1::DEVICE_CUDA || (device == config::v1::DEVICE_AUTO && HasGpu());
  absl::StatusOr<std::unique_ptr<PolicyModel>> model = on_gpu ? MakeOnGpu(options, initial) : MakeOnHost(options, initial);
  if (!model.ok()) return Annotate(model.status(), "cannot create the trainer");
  return model;
}

absl::StatusOr<double> PolicyModel::FinishGradients() {
  COHORT_RETURN_IF_ERROR(SumGradients());
  return GradientNorm();
}

}  // namespace cohort::learner

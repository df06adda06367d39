#include "services/learner/loop/weights_to_publish.h"

#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"

#if COHORT_CUDA
#include "common/policy/gpu_weights.h"
#endif

namespace cohort::learner {
namespace {

#if COHORT_CUDA
absl::StatusOr<std::shared_ptr<const policy::PublishedWeights>> OnGpu(GpuCopy copy) {
  return policy::GpuWeights::Create(std::move(copy.memory), copy.bytes, copy.gpu);
}
#else
absl::StatusOr<std::shared_ptr<const policy::PublishedWeights>> OnGpu(const GpuCopy&) {
  return absl::UnavailableError("this program was built without CUDA");
}
#endif

}  // namespace

absl::StatusOr<std::shared_ptr<const policy::PublishedWeights>> WeightsToPublish(const Trainer& trainer, bool on_gpu) {
  try {
    if (on_gpu) return OnGpu(trainer.SamplingWeightsOnGpu());
    return std::make_shared<const policy::HostWeights>(trainer.SamplingWeights());
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat("copying the weights to be published: ", error.what()));
  }
}

}  // namespace cohort::learner

#include "services/learner/loop/weights_to_publish.h"

#include <utility>

#include "common/status/errors.h"

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
  constexpr char kDoing[] = "copying the weights to be published";
  if (on_gpu) {
    absl::StatusOr<GpuCopy> copy = trainer.SamplingWeightsOnGpu();
    return copy.ok() ? OnGpu(*std::move(copy)) : Annotate(copy.status(), kDoing);
  }
  absl::StatusOr<std::shared_ptr<const model::Arena>> copy = trainer.SamplingWeights();
  if (!copy.ok()) return Annotate(copy.status(), kDoing);
  return std::make_shared<const policy::HostWeights>(*std::move(copy));
}

}  // namespace cohort::learner

#include "services/learner/server/make_collective_root.h"

#include <utility>

#include "common/config/config.h"
#include "common/status/status_macros.h"

#if COHORT_CUDA
#include "common/nccl/nccl_collectives.h"
#endif

namespace cohort::learner {

#if COHORT_CUDA
absl::StatusOr<std::unique_ptr<policy::CollectiveRoot>> MakeCollectiveRoot(const config::v1::RunConfig& config, const Trainer& trainer) {
  if (!config::BroadcastsWeights(config)) return nullptr;
  COHORT_ASSIGN_OR_RETURN(const GpuCopy weights, trainer.SamplingWeightsOnGpu());
  if (weights.memory == nullptr) return nullptr;
  policy::CollectiveRoot::Options options;
  COHORT_ASSIGN_OR_RETURN(options.library, nccl::MakeNcclCollectives(weights.gpu));
  options.size_bytes = weights.bytes;
  options.timeout = absl::Seconds(config.weights().broadcast_timeout_seconds());
  return std::make_unique<policy::CollectiveRoot>(std::move(options));
}
#else
absl::StatusOr<std::unique_ptr<policy::CollectiveRoot>> MakeCollectiveRoot(const config::v1::RunConfig&, const Trainer&) { return nullptr; }
#endif

}  // namespace cohort::learner

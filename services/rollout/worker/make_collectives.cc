#include "services/rollout/worker/make_collectives.h"

#if COHORT_CUDA
#include "common/nccl/nccl_collectives.h"
#endif

namespace cohort::rollout {

#if COHORT_CUDA
absl::StatusOr<std::shared_ptr<policy::CollectiveLibrary>> MakeCollectives(int gpu) { return nccl::MakeNcclCollectives(gpu); }
#else
absl::StatusOr<std::shared_ptr<policy::CollectiveLibrary>> MakeCollectives(int) { return absl::UnavailableError("this program was built without CUDA"); }
#endif

}  // namespace cohort::rollout

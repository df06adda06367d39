#include "services/rollout/engine/cuda/second_arena.h"

#include "common/cuda/crc32c.h"
#include "common/cuda/status.h"
#include "common/status/status_macros.h"

namespace cohort::rollout::cuda {

using cohort::cuda::ToStatus;

absl::StatusOr<std::unique_ptr<SecondArena>> SecondArena::Create(void* memory, int64_t size_bytes, int gpu) {
  std::unique_ptr<SecondArena> arena(new SecondArena(memory, size_bytes, gpu));
  COHORT_RETURN_IF_ERROR(ToStatus(cudaSetDevice(gpu), "selecting the GPU of the second arena"));
  COHORT_ASSIGN_OR_RETURN(arena->stream_, cohort::cuda::MakeStream());
  COHORT_ASSIGN_OR_RETURN(arena->taken_, cohort::cuda::MakeEvent(/*sleep=*/true));
  return arena;
}

absl::StatusOr<void*> SecondArena::Begin() {
  {
    absl::MutexLock lock(&mutex_);
    complete_ = false;
  }
  // An event that was never recorded is over.
  COHORT_RETURN_IF_ERROR(ToStatus(cudaSetDevice(gpu_), "selecting the GPU of the second arena"));
  COHORT_RETURN_IF_ERROR(ToStatus(cudaEventSynchronize(taken_.get()), "waiting for the second arena"));
  return memory_;
}

absl::StatusOr<uint32_t> SecondArena::Checksum() {
  COHORT_RETURN_IF_ERROR(ToStatus(cudaSetDevice(gpu_), "selecting the GPU of the second arena"));
  return cohort::cuda::Crc32c(memory_, size_bytes_, stream_.get());
}

int64_t SecondArena::Complete() {
  absl::MutexLock lock(&mutex_);
  complete_ = true;
  return ++ticket_;
}

absl::Status SecondArena::Take(int64_t ticket, void* to, cudaStream_t stream) {
  absl::MutexLock lock(&mutex_);
  if (!complete_ || ticket != ticket_) return absl::FailedPreconditionError("the second arena holds another version by now");
  COHORT_RETURN_IF_ERROR(ToStatus(cudaMemcpyAsync(to, memory_, size_bytes_, cudaMemcpyDeviceToDevice, stream), "taking the next weights"));
  return ToStatus(cudaEventRecord(taken_.get(), stream), "taking the next weights");
}

}  // namespace cohort::rollout::cuda

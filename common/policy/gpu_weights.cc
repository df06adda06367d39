#include "common/policy/gpu_weights.h"

#include <cuda_runtime_api.h>

#include <utility>

#include "common/cuda/crc32c.h"
#include "common/cuda/status.h"
#include "common/status/status_macros.h"

namespace cohort::policy {

absl::StatusOr<std::shared_ptr<const GpuWeights>> GpuWeights::Create(std::shared_ptr<const void> memory, int64_t size_bytes, int gpu) {
  COHORT_RETURN_IF_ERROR(cuda::ToStatus(cudaSetDevice(gpu), "selecting the GPU of the weights"));
  COHORT_ASSIGN_OR_RETURN(cuda::Stream stream, cuda::MakeStream());
  COHORT_ASSIGN_OR_RETURN(const uint32_t crc, cuda::Crc32c(memory.get(), size_bytes, stream.get()));
  return std::shared_ptr<const GpuWeights>(new GpuWeights(std::move(memory), size_bytes, gpu, crc, std::move(stream)));
}

absl::Status GpuWeights::Read(int64_t offset, absl::Span<char> into) const {
  absl::MutexLock lock(&mutex_);
  COHORT_RETURN_IF_ERROR(cuda::ToStatus(cudaSetDevice(gpu_), "selecting the GPU of the weights"));
  const char* const from = static_cast<const char*>(memory_.get()) + offset;
  COHORT_RETURN_IF_ERROR(cuda::ToStatus(cudaMemcpyAsync(into.data(), from, into.size(), cudaMemcpyDeviceToHost, stream_.get()), "copying weights from the GPU"));
  return cuda::ToStatus(cudaStreamSynchronize(stream_.get()), "copying weights from the GPU");
}

}  // namespace cohort::policy

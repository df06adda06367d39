#include "common/cuda/crc32c.h"

#include "absl/types/span.h"
#include "common/cuda/crc32c_kernel.h"
#include "common/cuda/status.h"
#include "common/io/crc32c.h"
#include "common/io/crc32c_polynomial.h"
#include "common/status/status_macros.h"

namespace cohort::cuda {

absl::StatusOr<uint32_t> Crc32c(const void* data, int64_t bytes, cudaStream_t stream) {
  constexpr char kWhat[] = "computing the checksum of weights";
  const int64_t vectors = bytes / 16, tail_bytes = bytes % 16;
  uint32_t* sum = nullptr;
  COHORT_RETURN_IF_ERROR(ToStatus(cudaMallocAsync(reinterpret_cast<void**>(&sum), sizeof(uint32_t), stream), kWhat));
  absl::Status status = ToStatus(cudaMemsetAsync(sum, 0, sizeof(uint32_t), stream), kWhat);
  if (status.ok() && vectors > 0) {
    EnqueueCrc32cState(data, vectors, sum, stream);
    status = LaunchStatus(kWhat);
  }
  uint32_t state = 0;
  char tail[16];
  if (status.ok()) status = ToStatus(cudaMemcpyAsync(&state, sum, sizeof(state), cudaMemcpyDeviceToHost, stream), kWhat);
  if (status.ok() && tail_bytes > 0) {
    const char* const from = static_cast<const char*>(data) + 16 * vectors;
    status = ToStatus(cudaMemcpyAsync(tail, from, tail_bytes, cudaMemcpyDeviceToHost, stream), kWhat);
  }
  const absl::Status freed = ToStatus(cudaFreeAsync(sum, stream), kWhat);
  COHORT_RETURN_IF_ERROR(status);
  COHORT_RETURN_IF_ERROR(freed);
  COHORT_RETURN_IF_ERROR(ToStatus(cudaStreamSynchronize(stream), kWhat));
  // A CRC begins with all ones instead of nothing.
  state ^= io::Crc32cMultiply(0xFFFFFFFF, io::Crc32cPower(8 * 16 * static_cast<uint64_t>(vectors)));
  return io::Crc32c(absl::MakeConstSpan(tail, tail_bytes), ~state);
}

}  // namespace cohort::cuda

#pragma once

#include <cstdint>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/cuda/stream.h"
#include "common/policy/published_weights.h"

namespace cohort::policy {

// Weights in the memory of a GPU. The newest alone is held, because that memory is short.
class GpuWeights final : public PublishedWeights {
 public:
  // Takes over `size_bytes` at `memory`, which must be complete on GPU `gpu` and stay unchanged as long as it is owned, and computes the checksum there.
  static absl::StatusOr<std::shared_ptr<const GpuWeights>> Create(std::shared_ptr<const void> memory, int64_t size_bytes, int gpu);

  int64_t size_bytes() const override { return size_bytes_; }
  uint32_t crc32c() const override { return crc32c_; }
  const void* memory() const override { return memory_.get(); }
  int versions_held() const override { return 1; }
  absl::Status Read(int64_t offset, absl::Span<char> into) const override;

 private:
  GpuWeights(std::shared_ptr<const void> memory, int64_t size_bytes, int gpu, uint32_t crc32c, cuda::Stream stream)
      : memory_(std::move(memory)), size_bytes_(size_bytes), gpu_(gpu), crc32c_(crc32c), stream_(std::move(stream)) {}

  const std::shared_ptr<const void> memory_;
  const int64_t size_bytes_;
  const int gpu_;
  const uint32_t crc32c_;
  mutable absl::Mutex mutex_;
  const cuda::Stream stream_ ABSL_GUARDED_BY(mutex_);  // One copy at a time.
};

}  // namespace cohort::policy

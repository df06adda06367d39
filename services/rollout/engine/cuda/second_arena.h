#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/cuda/stream.h"
#include "common/policy/weight_sink.h"

namespace cohort::rollout::cuda {

// The second arena of an engine's weights as the sink of broadcasts: one thread fills it, the engine's takes it. Taking enqueues a copy over the first
// arena between two decode steps; the next version may begin to arrive once that copy is done. Thread-safe.
class SecondArena final : public policy::WeightSink {
 public:
  // `memory` on GPU `gpu` must outlive the arena.
  static absl::StatusOr<std::unique_ptr<SecondArena>> Create(void* memory, int64_t size_bytes, int gpu);

  int64_t size_bytes() const override { return size_bytes_; }
  // Waits for a copy that has been enqueued.
  absl::StatusOr<void*> Begin() override ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<uint32_t> Checksum() override;
  int64_t Complete() override ABSL_LOCKS_EXCLUDED(mutex_);

  // Enqueues the copy to `to`. FAILED_PRECONDITION when the arena does not hold any more what `ticket` was given for.
  absl::Status Take(int64_t ticket, void* to, cudaStream_t stream) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  SecondArena(void* memory, int64_t size_bytes, int gpu) : memory_(memory), size_bytes_(size_bytes), gpu_(gpu) {}

  void* const memory_;
  const int64_t size_bytes_;
  const int gpu_;
  cohort::cuda::Stream stream_;  // Of checksums.
  cohort::cuda::Event taken_;    // After the last copy.
  absl::Mutex mutex_;
  bool complete_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t ticket_ ABSL_GUARDED_BY(mutex_) = 0;  // Of the newest version that was complete.
};

}  // namespace cohort::rollout::cuda

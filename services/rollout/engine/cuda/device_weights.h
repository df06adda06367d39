#pragma once

#include <cuda_bf16.h>
#include <cuda_runtime_api.h>

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "common/cuda/memory.h"
#include "common/cuda/stream.h"
#include "common/model/arena.h"
#include "common/model/arena_layout.h"
#include "common/model/model_config.h"

namespace cohort::rollout::cuda {

// Where a layer's weights lie on the GPU; nullptr where the architecture has none. Shapes as in model::LayerSlots.
struct LayerWeights {
  const __nv_bfloat16* input_norm = nullptr;
  const __nv_bfloat16* qkv = nullptr;
  const __nv_bfloat16* qkv_bias = nullptr;
  const __nv_bfloat16* q_norm = nullptr;  // Of every query head, and of every key head.
  const __nv_bfloat16* k_norm = nullptr;
  const __nv_bfloat16* o = nullptr;
  const __nv_bfloat16* post_norm = nullptr;
  const __nv_bfloat16* gate_up = nullptr;
  const __nv_bfloat16* down = nullptr;
};

// The weights that graphs read, at addresses that never change, in bf16 in the arena's layout; and a second arena beside them, made when it is first asked
// for, into which the next version may be written while decoding goes on. Not thread-safe.
class DeviceWeights {
 public:
  static absl::StatusOr<DeviceWeights> Create(const model::ModelConfig& config, const model::ArenaLayout& layout);

  // Enqueues the copy of an arena of the host (fp32 is rounded) and waits until it has been read.
  absl::Status Upload(const model::Arena& arena, cudaStream_t stream);

  // The second arena: size() elements.
  absl::StatusOr<__nv_bfloat16*> Second();

  __nv_bfloat16* first() const { return first_.data(); }
  int64_t size() const { return first_.size(); }
  const LayerWeights& layer(int64_t i) const { return layers_[i]; }
  int64_t layers() const { return static_cast<int64_t>(layers_.size()); }
  const __nv_bfloat16* embedding() const { return embedding_; }
  const __nv_bfloat16* final_norm() const { return final_norm_; }
  const __nv_bfloat16* lm_head() const { return lm_head_; }

 private:
  static constexpr int kPieces = 2;

  cohort::cuda::DeviceBuffer<__nv_bfloat16> first_;
  cohort::cuda::DeviceBuffer<__nv_bfloat16> second_;
  // Pieces of a host arena on their way, each with the event after which its memory is free again.
  cohort::cuda::PinnedBuffer<char> staging_[kPieces];
  cohort::cuda::DeviceBuffer<float> fp32_[kPieces];
  cohort::cuda::Event copied_[kPieces];
  std::vector<LayerWeights> layers_;
  const __nv_bfloat16* embedding_ = nullptr;
  const __nv_bfloat16* final_norm_ = nullptr;
  const __nv_bfloat16* lm_head_ = nullptr;
};

}  // namespace cohort::rollout::cuda

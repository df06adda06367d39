#include "services/rollout/engine/cuda/device_weights.h"

#include <algorithm>
#include <cstring>

#include "common/cuda/status.h"
#include "common/status/status_macros.h"
#include "services/rollout/engine/cuda/kernels/kernels.h"

namespace cohort::rollout::cuda {
namespace {

using cohort::cuda::DeviceBuffer;
using cohort::cuda::PinnedBuffer;
using cohort::cuda::ToStatus;

constexpr int64_t kPieceBytes = int64_t{32} << 20;

}  // namespace

absl::StatusOr<DeviceWeights> DeviceWeights::Create(const model::ModelConfig& config, const model::ArenaLayout& layout) {
  DeviceWeights weights;
  COHORT_ASSIGN_OR_RETURN(weights.first_, DeviceBuffer<__nv_bfloat16>::Allocate(layout.size(), "the weights"));
  for (int i = 0; i < kPieces; ++i) {
    COHORT_ASSIGN_OR_RETURN(weights.staging_[i], PinnedBuffer<char>::Allocate(kPieceBytes, "weights on their way"));
    COHORT_ASSIGN_OR_RETURN(weights.fp32_[i], DeviceBuffer<float>::Allocate(kPieceBytes / 4, "weights on their way"));
    COHORT_ASSIGN_OR_RETURN(weights.copied_[i], cohort::cuda::MakeEvent(/*sleep=*/true));
  }
  const auto at = [&](int slot) -> const __nv_bfloat16* { return slot < 0 ? nullptr : weights.first_.data() + layout.slot(slot).offset; };
  for (int64_t i = 0; i < config.num_layers; ++i) {
    const model::LayerSlots& slots = layout.layer(i);
    LayerWeights layer;
    layer.input_norm = at(slots.input_norm);
    layer.qkv = at(slots.qkv_weight);
    layer.qkv_bias = at(slots.qkv_bias);
    layer.q_norm = at(slots.qk_norm);
    layer.k_norm = layer.q_norm == nullptr ? nullptr : layer.q_norm + config.head_dim;
    layer.o = at(slots.o_weight);
    layer.post_norm = at(slots.post_norm);
    layer.gate_up = at(slots.gate_up_weight);
    layer.down = at(slots.down_weight);
    weights.layers_.push_back(layer);
  }
  weights.embedding_ = at(layout.embedding());
  weights.final_norm_ = at(layout.final_norm());
  weights.lm_head_ = at(layout.lm_head());
  return weights;
}

absl::Status DeviceWeights::Upload(const model::Arena& arena, cudaStream_t stream) {
  const bool fp32 = arena.dtype() == model::DType::kFloat32;
  const int64_t bytes = static_cast<int64_t>(arena.bytes().size());
  int64_t piece = 0;
  for (int64_t begin = 0; begin < bytes; begin += kPieceBytes, ++piece) {
    const int i = static_cast<int>(piece % kPieces);
    const int64_t length = std::min(kPieceBytes, bytes - begin);
    if (piece >= kPieces) COHORT_RETURN_IF_ERROR(ToStatus(cudaEventSynchronize(copied_[i].get()), "copying weights to the GPU"));
    std::memcpy(staging_[i].data(), arena.bytes().data() + begin, length);
    void* to = fp32 ? static_cast<void*>(fp32_[i].data()) : static_cast<void*>(first_.data() + begin / 2);
    COHORT_RETURN_IF_ERROR(ToStatus(cudaMemcpyAsync(to, staging_[i].data(), length, cudaMemcpyHostToDevice, stream), "copying weights to the GPU"));
    if (fp32) ConvertToBf16(fp32_[i].data(), first_.data() + begin / 4, length / 4, stream);
    COHORT_RETURN_IF_ERROR(ToStatus(cudaEventRecord(copied_[i].get(), stream), "copying weights to the GPU"));
  }
  // The staging memory must be free before the next version comes.
  return ToStatus(cudaStreamSynchronize(stream), "copying weights to the GPU");
}

absl::StatusOr<__nv_bfloat16*> DeviceWeights::Second() {
  if (second_.data() == nullptr) {
    COHORT_ASSIGN_OR_RETURN(second_, DeviceBuffer<__nv_bfloat16>::Allocate(size(), "the second arena of weights"));
  }
  return second_.data();
}

}  // namespace cohort::rollout::cuda

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "common/model/arena_layout.h"
#include "common/model/model_config.h"
#include "common/model/rotary.h"
#include "services/learner/train/tensor/attention.h"
#include "services/learner/train/token_batch.h"

namespace cohort::learner::tensor {

// A decoder without its head over tensors of one device: from packed tokens to final hidden states, and the gradient back. Weights are one flat tensor of
// the arena's layout in the compute type, gradients one in fp32; both belong to the caller. The residual stream is fp32; rounding happens where rollout
// engines round. The backward pass is written out, so that every gradient of a weight is summed where it belongs.
//
// Holds the activations of the latest Forward. Not thread-safe. Throws std::exception where LibTorch does or memory runs out.
class TensorDecoder {
 public:
  // `checkpoints`: keep only the input of every layer for Backward, which computes the rest again. `plain_attention`: without fused kernels, for tests.
  TensorDecoder(const model::ModelConfig& config, const model::ArenaLayout& layout, at::Device device, bool checkpoints, bool plain_attention = false);

  // Normalised final hidden states [predictions, hidden] of the batch's predicting rows, in the compute type. `keep` saves what Backward needs.
  at::Tensor Forward(const at::Tensor& weights, const TokenBatch& batch, bool keep);

  // Adds the gradient of all weights but the head's, given that of Forward's result (fp32); the latest Forward had the same weights and kept. Lets the
  // activations go.
  void Backward(const at::Tensor& weights, const at::Tensor& dhidden, at::Tensor gradient);

  // The weights of a slot, as the slot is shaped.
  at::Tensor SlotOf(const at::Tensor& flat, int slot) const;

 private:
  // Of one layer. Only `input` is always kept.
  struct Activations {
    at::Tensor input;  // fp32 [rows, hidden].
    at::Tensor normed, inverse_rms, qkv, raw_heads, head_inverse_rms, middle, post_normed, post_inverse_rms, gate_up;
    Attended attended;
  };
  // Query, key and value heads of packed rows: views of qkv.
  struct Heads {
    at::Tensor q, k, v;
  };

  void PrepareBatch(const TokenBatch& batch);
  // The layer's output; fills `kept`, whose input is there.
  at::Tensor ForwardLayer(const at::Tensor& weights, const model::LayerSlots& slots, Activations& kept) const;
  void ProjectHeads(const at::Tensor& weights, const model::LayerSlots& slots, Activations& kept) const;
  // From the gradient of the layer's output to that of its input, both in dx.
  void BackwardLayer(const at::Tensor& weights, const model::LayerSlots& slots, const Activations& kept, at::Tensor dx, const at::Tensor& gradient) const;
  void FeedForwardBackward(const at::Tensor& weights, const model::LayerSlots& slots, const Activations& kept, at::Tensor dx,
                           const at::Tensor& gradient) const;
  // The gradient of the projection, from those of the rotated heads.
  at::Tensor HeadsBackward(const at::Tensor& weights, const model::LayerSlots& slots, const Activations& kept, const AttentionGradient& heads,
                           const at::Tensor& gradient) const;
  // Replaces the gradient of the normalised query and key heads, fp32, by that of the heads before.
  void HeadNormsBackward(const at::Tensor& weights, const model::LayerSlots& slots, const Activations& kept, at::Tensor dheads,
                         const at::Tensor& gradient) const;
  Heads HeadsOf(const at::Tensor& qkv) const;

  const model::ModelConfig config_;
  const model::ArenaLayout layout_;
  const at::Device device_;
  const bool checkpoints_;
  const bool plain_attention_;
  const model::Rotary rotary_;
  at::Tensor cosine_table_, sine_table_;  // [positions, head_dim/2].
  // Of the latest batch.
  AttentionPlan plan_;
  at::Tensor tokens_, predicting_rows_, cosines_, sines_;
  std::vector<Activations> layers_;
  at::Tensor gathered_, final_inverse_rms_;
  int64_t rows_ = 0;
};

}  // namespace cohort::learner::tensor

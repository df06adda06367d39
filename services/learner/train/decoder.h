#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "common/model/arena_layout.h"
#include "common/model/model_config.h"
#include "common/model/rotary.h"
#include "services/learner/train/float_buffer.h"
#include "services/learner/train/kernels/kernels.h"
#include "services/learner/train/token_batch.h"

namespace cohort::learner {

// A decoder without its head: from packed tokens to final hidden states, and the gradient back, in fp32. Weights and gradient are flat buffers
// of the arena's layout and belong to the caller. The backward pass is written out instead of recorded: every large product goes to LibTorch and
// writes where its result is wanted, everything between two products is one pass over memory.
//
// Holds the activations of the latest Forward. Not thread-safe. Throws std::exception where LibTorch does or memory runs out.
class Decoder {
 public:
  Decoder(const model::ModelConfig& config, const model::ArenaLayout& layout);

  // Normalised final hidden states [predictions, hidden] of the batch's predicting rows. `keep` saves what Backward needs.
  const float* Forward(const float* weights, const TokenBatch& batch, bool keep);

  // Adds the gradient of all weights but the head's, given that of Forward's result; the latest Forward had the same weights and batch, and kept.
  void Backward(const float* weights, const TokenBatch& batch, const float* dhidden, float* gradient);

 private:
  struct Activations {
    FloatBuffer input, normed, inverse_rms, qkv, raw_heads, head_inverse_rms, attended, log_sums, middle, post_normed, post_inverse_rms, gate_up, activated;
  };

  void Embed(const float* weights, const TokenBatch& batch, float* x);
  void AttentionBlock(const float* weights, const TokenBatch& batch, const model::LayerSlots& slots, Activations& kept, const float* x, float* out);
  void FeedForwardBlock(const float* weights, int64_t rows, const model::LayerSlots& slots, Activations& kept, const float* x, float* out);
  void FeedForwardBackward(const float* weights, int64_t rows, const model::LayerSlots& slots, Activations& kept, float* dx, float* gradient);
  void AttentionBackward(const float* weights, const TokenBatch& batch, const model::LayerSlots& slots, Activations& kept, float* dx,
                         float* gradient);
  // RMSNorm of every query and key head of qkv [rows, row_width], in place; and back, from the gradient of its result to that of its input.
  void NormalizeHeads(const float* gain, int64_t rows, Activations& kept, float* qkv);
  void NormalizeHeadsBackward(const float* gain, int64_t rows, const Activations& kept, float* dqkv, float* dgain);
  void FinalNormBackward(const float* weights, const TokenBatch& batch, const float* dhidden, float* dx, float* gradient);

  void Norm(const float* x, const float* gain, int64_t rows, FloatBuffer& y, FloatBuffer& inverse_rms);
  void NormBackward(const float* dy, const float* x, const float* gain, const float* inverse_rms, int64_t rows, float* dx, float* dgain);
  void SumRows(const float* x, int64_t rows, int64_t columns, float* sums);
  // Runs `partial(first_row, last_row, sums)` over fixed blocks of rows and adds the blocks' sums to `sums` in order: the result does not depend on
  // the number of threads.
  void SumOverBlocks(int64_t rows, int64_t columns, const std::function<void(int64_t, int64_t, float*)>& partial, float* sums);
  void ForEachAttention(const TokenBatch& batch, const std::function<void(const AttentionFamily&, int64_t kv_head, float* scratch)>& body);
  void PrepareAngles(int64_t positions);

  const float* At(const float* buffer, int slot) const { return buffer + layout_.slot(slot).offset; }
  float* At(float* buffer, int slot) const { return buffer + layout_.slot(slot).offset; }

  const model::ModelConfig config_;
  const model::ArenaLayout layout_;
  const AttentionShape attention_;
  const model::Rotary rotary_;
  const Kernels& kernels_;
  std::vector<Activations> layers_;
  FloatBuffer final_, gathered_, hidden_, final_inverse_rms_;  // Output of the last layer; its predicting rows, as they are and normalised.
  FloatBuffer dx_, dnormed_, dwide_, dheads_, dattended_, dgathered_, partial_sums_;
  FloatBuffer cosines_, sines_;
  int64_t prepared_positions_ = 0;
};

}  // namespace cohort::learner

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "common/model/arena_layout.h"
#include "common/model/memory_needs.h"
#include "common/model/model_config.h"
#include "services/learner/train/tensor/tensor_decoder.h"
#include "services/learner/train/token_batch.h"
#include "services/learner/train/token_scores.h"

namespace cohort::learner::tensor {

// Decoder and head on one device: LanguageModel's counterpart over tensors. The head works through the predictions in chunks, so that logits of a large
// vocabulary never exist as a whole; where they do not all fit into one chunk, Backward computes them again.
//
// Not thread-safe. Throws std::exception where LibTorch does or memory runs out.
class TensorLanguageModel {
 public:
  struct Options {
    double temperature = 1;
    int64_t chunk_logits = model::kHeadChunkLogits;  // That a chunk may hold.
    bool checkpoints = false;      // As TensorDecoder's.
    bool plain_attention = false;
  };

  TensorLanguageModel(const model::ModelConfig& config, const model::ArenaLayout& layout, at::Device device, const Options& options);

  // `weights` is flat in the compute type; `keep` saves what Backward needs.
  TokenScores Score(const at::Tensor& weights, const TokenBatch& batch, bool keep);

  // Adds the gradient of sum_i dlogprobs[i] * logprob[i] to the flat fp32 `gradient`; the latest Score had the same weights, and kept. Once a Score.
  void Backward(const at::Tensor& weights, const std::vector<double>& dlogprobs, at::Tensor gradient);

 private:
  const Options options_;
  const int head_;      // Slot.
  const int64_t chunk_;  // Predictions of a chunk.
  const at::Device device_;
  TensorDecoder decoder_;
  // Of the latest Score.
  at::Tensor hidden_, targets_;
  at::Tensor log_sums_;  // fp32 [predictions].
  at::Tensor logits_;    // Of the only chunk; undefined where there are several.
};

}  // namespace cohort::learner::tensor

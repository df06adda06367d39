#pragma once

#include <cstdint>
#include <vector>

#include "common/model/arena_layout.h"
#include "common/model/model_config.h"
#include "services/learner/train/decoder.h"
#include "services/learner/train/float_buffer.h"
#include "services/learner/train/token_batch.h"
#include "services/learner/train/token_scores.h"

namespace cohort::learner {

// Decoder and head together: from packed tokens to the log-probabilities of chosen tokens, and back from their gradient. The head works through the
// predictions in chunks, so that logits of a large vocabulary never exist as a whole; where they do not all fit into one chunk, Backward computes
// them again, exactly.
//
// Not thread-safe. Throws std::exception where LibTorch does or memory runs out.
class LanguageModel {
 public:
  // Logits that a chunk may hold: 128 MiB of fp32.
  static constexpr int64_t kChunkLogits = int64_t{1} << 25;

  LanguageModel(const model::ModelConfig& config, const model::ArenaLayout& layout, double temperature, int64_t chunk_logits = kChunkLogits);

  // `keep` saves what Backward needs.
  TokenScores Score(const float* weights, const TokenBatch& batch, bool keep);

  // Adds the gradient of sum_i dlogprobs[i] * logprob[i] to `gradient`; the latest Score had the same weights and batch, and kept.
  void Backward(const float* weights, const TokenBatch& batch, const std::vector<double>& dlogprobs, float* gradient);

 private:
  // Logits of predictions [first, end), in logits_.
  float* ComputeLogits(const float* weights, int64_t first, int64_t end);

  const int64_t hidden_size_;
  const int64_t vocab_size_;
  const int64_t head_offset_;
  const float inverse_temperature_;
  const int64_t chunk_;  // Predictions of a chunk.
  const Kernels& kernels_;
  Decoder decoder_;
  const float* hidden_ = nullptr;  // Of the latest Score; the decoder's.
  std::vector<double> log_sums_;
  FloatBuffer logits_, dhidden_;
};

}  // namespace cohort::learner

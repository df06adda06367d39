#include "services/learner/train/language_model.h"

#include <algorithm>

#include "services/learner/train/parallel.h"
#include "services/learner/train/products.h"

namespace cohort::learner {

LanguageModel::LanguageModel(const model::ModelConfig& config, const model::ArenaLayout& layout, double temperature, int64_t chunk_logits)
    : hidden_size_(config.hidden_size),
      vocab_size_(config.vocab_size),
      head_offset_(layout.slot(layout.lm_head()).offset),
      inverse_temperature_(static_cast<float>(1 / temperature)),
      chunk_(std::max<int64_t>(1, chunk_logits / config.vocab_size)),
      kernels_(ActiveKernels()),
      decoder_(config, layout) {}

TokenScores LanguageModel::Score(const float* weights, const TokenBatch& batch, bool keep) {
  const int64_t predictions = batch.predictions();
  hidden_ = decoder_.Forward(weights, batch, keep);
  TokenScores scores{std::vector<double>(predictions), std::vector<double>(predictions)};
  log_sums_.resize(predictions);
  for (int64_t begin = 0; begin < predictions; begin += chunk_) {
    const int64_t end = std::min(predictions, begin + chunk_);
    const float* logits = ComputeLogits(weights, begin, end);
    ParallelFor(begin, end, std::max<int64_t>(1, 16384 / vocab_size_), [&](int64_t first, int64_t last) {
      kernels_.score_logits(logits + (first - begin) * vocab_size_, inverse_temperature_, batch.targets().data() + first, last - first, vocab_size_,
                            scores.logprobs.data() + first, scores.entropies.data() + first, log_sums_.data() + first);
    });
  }
  return scores;
}

void LanguageModel::Backward(const float* weights, const TokenBatch& batch, const std::vector<double>& dlogprobs, float* gradient) {
  const int64_t predictions = batch.predictions();
  float* dhidden = dhidden_.Resize(predictions * hidden_size_);
  for (int64_t begin = 0; begin < predictions; begin += chunk_) {
    const int64_t end = std::min(predictions, begin + chunk_);
    float* logits = predictions <= chunk_ ? logits_.data() : ComputeLogits(weights, begin, end);
    ParallelFor(begin, end, std::max<int64_t>(1, 16384 / vocab_size_), [&](int64_t first, int64_t last) {
      kernels_.score_logits_backward(dlogprobs.data() + first, log_sums_.data() + first, inverse_temperature_, batch.targets().data() + first,
                                     last - first, vocab_size_, logits + (first - begin) * vocab_size_);
    });
    Multiply(logits, weights + head_offset_, end - begin, hidden_size_, vocab_size_, false, dhidden + begin * hidden_size_);
    TransposedMultiply(logits, hidden_ + begin * hidden_size_, vocab_size_, hidden_size_, end - begin, true, gradient + head_offset_);
  }
  decoder_.Backward(weights, batch, dhidden, gradient);
}

float* LanguageModel::ComputeLogits(const float* weights, int64_t first, int64_t end) {
  float* logits = logits_.Resize((end - first) * vocab_size_);
  MultiplyTransposed(hidden_ + first * hidden_size_, weights + head_offset_, end - first, vocab_size_, hidden_size_, false, logits);
  return logits;
}

}  // namespace cohort::learner

#include "services/learner/train/tensor/tensor_language_model.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <utility>

#include "services/learner/train/tensor/host_copy.h"
#include "services/learner/train/tensor/operations.h"

namespace cohort::learner::tensor {

TensorLanguageModel::TensorLanguageModel(const model::ModelConfig& config, const model::ArenaLayout& layout, at::Device device, const Options& options)
    : options_(options),
      head_(layout.lm_head()),
      chunk_(std::max<int64_t>(1, options.chunk_logits / config.vocab_size)),
      device_(device),
      decoder_(config, layout, device, options.checkpoints, options.plain_attention) {}

TokenScores TensorLanguageModel::Score(const at::Tensor& weights, const TokenBatch& batch, bool keep) {
  const int64_t predictions = batch.predictions();
  const at::Tensor hidden = decoder_.Forward(weights, batch, keep), targets = ToDevice(batch.targets(), at::kInt, device_).to(at::kLong);
  const at::Tensor head = decoder_.SlotOf(weights, head_);
  std::vector<at::Tensor> logprobs, entropies, log_sums;
  logits_ = at::Tensor();
  for (int64_t begin = 0; begin < predictions; begin += chunk_) {
    const int64_t rows = std::min(chunk_, predictions - begin);
    const at::Tensor logits = LinearFp32(hidden.narrow(0, begin, rows), head);
    Scores scores = ScoreLogits(logits, targets.narrow(0, begin, rows), 1 / options_.temperature);
    logprobs.push_back(std::move(scores.logprobs));
    entropies.push_back(std::move(scores.entropies));
    log_sums.push_back(std::move(scores.log_sums));
    if (keep && rows == predictions) logits_ = logits;
  }
  TokenScores result{std::vector<double>(predictions), std::vector<double>(predictions)};
  if (predictions == 0) return result;
  const at::Tensor values = at::stack({at::cat(logprobs), at::cat(entropies)}).cpu().to(at::kDouble).contiguous();
  std::copy_n(values.const_data_ptr<double>(), predictions, result.logprobs.begin());
  std::copy_n(values.const_data_ptr<double>() + predictions, predictions, result.entropies.begin());
  if (keep) {
    hidden_ = hidden;
    targets_ = targets;
    log_sums_ = at::cat(log_sums);
  }
  return result;
}

void TensorLanguageModel::Backward(const at::Tensor& weights, const std::vector<double>& dlogprobs, at::Tensor gradient) {
  const int64_t predictions = static_cast<int64_t>(dlogprobs.size());
  if (predictions == 0) return;
  const at::Tensor dlogprob = ToDevice(dlogprobs, at::kDouble, device_).to(at::kFloat), head = decoder_.SlotOf(weights, head_);
  const at::Tensor dhidden = at::empty({predictions, hidden_.size(1)}, dlogprob.options());
  at::Tensor dhead = decoder_.SlotOf(gradient, head_);
  for (int64_t begin = 0; begin < predictions; begin += chunk_) {
    const int64_t rows = std::min(chunk_, predictions - begin);
    const at::Tensor hidden = hidden_.narrow(0, begin, rows);
    const at::Tensor logits = logits_.defined() ? std::exchange(logits_, at::Tensor()) : LinearFp32(hidden, head);
    const at::Tensor dlogits = ScoreLogitsBackward(logits, log_sums_.narrow(0, begin, rows), targets_.narrow(0, begin, rows),
                                                   dlogprob.narrow(0, begin, rows), 1 / options_.temperature, weights.scalar_type());
    dhidden.narrow(0, begin, rows).copy_(ProductFp32(dlogits, head));
    AddTransposedProduct(dlogits, hidden, dhead);
  }
  hidden_ = targets_ = log_sums_ = at::Tensor();
  decoder_.Backward(weights, dhidden, gradient);
}

}  // namespace cohort::learner::tensor

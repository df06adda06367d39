#include "services/learner/train/tensor/tensor_adamw.h"

#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

namespace cohort::learner::tensor {

TensorAdamW::TensorAdamW(const config::v1::OptimizerSection& options, const model::ArenaLayout& layout, at::Device device) : options_(options) {
  for (const model::TensorSlot& slot : layout.slots()) {
    const bool decays = slot.shape.size() > 1;
    if (!ranges_.empty()) ranges_.back().end = slot.offset;
    if (ranges_.empty() || ranges_.back().decays != decays) ranges_.push_back({slot.offset, slot.offset, decays});
  }
  if (!ranges_.empty()) ranges_.back().end = layout.size();
  const at::TensorOptions fp32 = at::TensorOptions(device).dtype(at::kFloat);
  state_.first = at::zeros({layout.size()}, fp32);
  state_.second = at::zeros({layout.size()}, fp32);
  count_ = at::full({}, 0, fp32);
}

void TensorAdamW::Step(double learning_rate, const at::Tensor& gradient, const at::Tensor& weights) {
  count_.fill_(static_cast<double>(++state_.updates));
  StepRanges(true, learning_rate, gradient, weights);
  StepRanges(false, learning_rate, gradient, weights);
}

void TensorAdamW::StepRanges(bool decays, double learning_rate, const at::Tensor& gradient, const at::Tensor& weights) {
  std::vector<at::Tensor> w, g, first, second, counts;
  for (const Range& range : ranges_) {
    if (range.decays != decays) continue;
    const int64_t length = range.end - range.begin;
    w.push_back(weights.narrow(0, range.begin, length));
    g.push_back(gradient.narrow(0, range.begin, length));
    first.push_back(state_.first.narrow(0, range.begin, length));
    second.push_back(state_.second.narrow(0, range.begin, length));
    counts.push_back(count_);
  }
  if (w.empty()) return;
  at::_fused_adamw_(w, g, first, second, {}, counts, learning_rate, options_.beta1(), options_.beta2(), decays ? options_.weight_decay() : 0,
                    options_.epsilon(), /*amsgrad=*/false, /*maximize=*/false);
}

void TensorAdamW::SetState(const State& state) {
  state_.first.copy_(state.first);
  state_.second.copy_(state.second);
  state_.updates = state.updates;
}

}  // namespace cohort::learner::tensor

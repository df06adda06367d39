#include "services/learner/train/adamw.h"

#include <algorithm>
#include <cmath>

#include "services/learner/train/parallel.h"

namespace cohort::learner {
namespace {

constexpr int64_t kBlock = 65536;  // Elements of one sum.

}  // namespace

AdamW::AdamW(const config::v1::OptimizerSection& options, const model::ArenaLayout& layout)
    : options_(options), kernels_(ActiveKernels()), first_(layout.size()), second_(layout.size()) {
  // Padding after a tensor has no gradient, moments of 0 and stays 0 whatever range it is in.
  for (const model::TensorSlot& slot : layout.slots()) {
    const bool decays = slot.shape.size() > 1;
    if (!ranges_.empty()) ranges_.back().end = slot.offset;
    if (ranges_.empty() || ranges_.back().decays != decays) ranges_.push_back({slot.offset, slot.offset, decays});
  }
  if (!ranges_.empty()) ranges_.back().end = layout.size();
}

void AdamW::Step(double learning_rate, double gradient_scale, const float* gradient, float* weights) {
  ++updates_;
  AdamWStep step;
  step.learning_rate = static_cast<float>(learning_rate);
  step.beta1 = static_cast<float>(options_.beta1());
  step.beta2 = static_cast<float>(options_.beta2());
  step.epsilon = static_cast<float>(options_.epsilon());
  step.first_correction = static_cast<float>(1 / (1 - std::pow(options_.beta1(), updates_)));
  step.second_correction = static_cast<float>(1 / std::sqrt(1 - std::pow(options_.beta2(), updates_)));
  step.gradient_scale = static_cast<float>(gradient_scale);
  float* first = first_.floats().data();
  float* second = second_.floats().data();
  for (const Range& range : ranges_) {
    step.decay = range.decays ? static_cast<float>(options_.weight_decay()) : 0;
    // Whole cache lines for each thread, so that every element takes the same path through the kernel however many threads there are.
    ParallelFor(0, (range.end - range.begin + 15) / 16, 4096, [&](int64_t begin, int64_t end) {
      const int64_t from = range.begin + begin * 16, to = std::min(range.begin + end * 16, range.end);
      kernels_.adamw(step, gradient + from, to - from, weights + from, first + from, second + from);
    });
  }
}

double GradientNorm(const model::Arena& gradient) {
  const int64_t blocks = (gradient.size() + kBlock - 1) / kBlock;
  std::vector<double> sums(blocks);
  ParallelFor(0, blocks, 1, [&](int64_t first, int64_t end) {
    for (int64_t b = first; b < end; ++b) {
      sums[b] = ActiveKernels().sum_of_squares(gradient.floats().data() + b * kBlock, std::min(kBlock, gradient.size() - b * kBlock));
    }
  });
  double sum = 0;
  for (const double block : sums) sum += block;
  return std::sqrt(sum);
}

double ClippingScale(double norm, double largest) { return largest > 0 && norm > largest ? largest / norm : 1; }

}  // namespace cohort::learner

#include "services/rollout/engine/cpu/sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "common/math/scalar_math.h"
#include "services/rollout/engine/request_check.h"

namespace cohort::rollout::cpu {

Sampler::Sampler(const Kernels& kernels, int64_t vocab_size) : kernels_(kernels), vocab_size_(vocab_size), mass_(RoundUpToLanes(vocab_size)) {}

Choice Sampler::Sample(const float* logits, const common::v1::SamplingParams& params, float uniform) {
  if (params.temperature() == 0) return Greedy(logits);
  const float max = kernels_.exp_of_logits(logits, vocab_size_, params.temperature(), mass_.data());
  if (!std::isfinite(max)) return {};
  double total = Total();
  Choice choice;
  if (Truncates(params, vocab_size_)) {
    const double before = total;
    Truncate(params, before);
    total = Total();
    choice.kept_mass = static_cast<float>(total / before);
  }
  const double target = double{uniform} * total;
  double sum = 0;
  for (int32_t token = 0; token < vocab_size_; ++token) {
    const float mass = mass_.data()[token];
    if (mass == 0) continue;
    choice.token = token;
    sum += mass;
    if (sum > target) break;
  }
  const float scaled = logits[choice.token] / params.temperature();
  choice.logprob = static_cast<float>((double{scaled} - double{max}) - math::Log(total));
  return choice;
}

Choice Sampler::Greedy(const float* logits) const {
  Choice choice;
  float best = -INFINITY;
  for (int32_t token = 0; token < vocab_size_; ++token) {
    if (logits[token] > best) {
      best = logits[token];
      choice.token = token;
    }
  }
  return std::isfinite(best) ? choice : Choice{};
}

double Sampler::Total() const {
  double total = 0;
  for (int64_t i = 0; i < vocab_size_; ++i) total += mass_.data()[i];
  return total;
}

void Sampler::Truncate(const common::v1::SamplingParams& params, double total) {
  // Each of the three keeps a beginning of the tokens in order of probability (lower id first among equals); so do all three together.
  float* mass = mass_.data();
  order_.resize(vocab_size_);
  std::iota(order_.begin(), order_.end(), 0);
  const auto before = [mass](int32_t a, int32_t b) { return mass[a] != mass[b] ? mass[a] > mass[b] : a < b; };
  const int64_t most = params.top_k() > 0 ? std::min<int64_t>(params.top_k(), vocab_size_) : vocab_size_;
  const double wanted = params.top_p() > 0 && params.top_p() < 1 ? double{params.top_p()} * total : total * 2;
  int64_t sorted = 0, count = 0;
  for (double sum = 0; count < most && sum < wanted; ++count) {
    if (count == sorted) {
      sorted = std::min(vocab_size_, std::max<int64_t>(64, sorted * 8));
      std::partial_sort(order_.begin() + count, order_.begin() + sorted, order_.end(), before);
    }
    if (mass[order_[count]] < params.min_p()) break;
    sum += mass[order_[count]];
  }
  kept_.resize(count);
  for (int64_t i = 0; i < count; ++i) kept_[i] = mass[order_[i]];
  std::fill_n(mass, vocab_size_, 0.0f);
  for (int64_t i = 0; i < count; ++i) mass[order_[i]] = kept_[i];
}

}  // namespace cohort::rollout::cpu

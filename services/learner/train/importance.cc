#include "services/learner/train/importance.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace cohort::learner {
namespace {

double Truncated(double log_ratio, double cap) {
  const double clamped = log_ratio > 20 ? 20 : log_ratio < -20 ? -20 : log_ratio;  // NaN stays NaN.
  const double ratio = std::exp(clamped);
  return ratio > cap ? cap : ratio;
}

}  // namespace

std::vector<double> ImportanceWeights(config::v1::ImportanceCorrection correction, absl::Span<const double> old_logprobs,
                                      absl::Span<const float> sampler_logprobs, double cap) {
  std::vector<double> weights(old_logprobs.size(), 1.0);
  if (correction == config::v1::IMPORTANCE_CORRECTION_TOKEN) {
    for (size_t t = 0; t < weights.size(); ++t) weights[t] = Truncated(old_logprobs[t] - sampler_logprobs[t], cap);
  } else if (correction == config::v1::IMPORTANCE_CORRECTION_SEQUENCE) {
    double log_ratio = 0;
    for (size_t t = 0; t < weights.size(); ++t) log_ratio += old_logprobs[t] - sampler_logprobs[t];
    std::fill(weights.begin(), weights.end(), Truncated(log_ratio, cap));
  }
  return weights;
}

}  // namespace cohort::learner

#include "services/learner/train/kl.h"

#include <cmath>

namespace cohort::learner {
namespace {

constexpr double kLargestLogRatio = 20;
constexpr double kLargestTerm = 10;

KlTerm K3(double log_ratio) {
  const bool clamped = std::abs(log_ratio) > kLargestLogRatio;
  const double d = clamped ? std::copysign(kLargestLogRatio, log_ratio) : log_ratio;
  const double value = std::exp(d) - d - 1;
  if (value > kLargestTerm) return {kLargestTerm, 0};
  return {value, clamped ? 0 : 1 - std::exp(d)};
}

}  // namespace

KlTerm KlDivergence(config::v1::KlEstimator estimator, double logprob, double reference_logprob) {
  const double log_ratio = reference_logprob - logprob;
  switch (estimator) {
    case config::v1::KL_ESTIMATOR_K1: return {-log_ratio, 1};
    case config::v1::KL_ESTIMATOR_K2: return {log_ratio * log_ratio / 2, -log_ratio};
    default: return K3(log_ratio);
  }
}

}  // namespace cohort::learner

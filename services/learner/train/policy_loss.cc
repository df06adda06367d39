#include "services/learner/train/policy_loss.h"

#include <algorithm>
#include <cmath>

namespace cohort::learner {
namespace {

constexpr double kLargestLogRatio = 20;  // Keeps exp() finite where a policy has run away.

}  // namespace

TokenLoss PolicyLoss(double logprob, double old_logprob, double advantage, const ClipBounds& bounds) {
  const double log_ratio = logprob - old_logprob;
  // Not std::clamp: a NaN must stay one, so that the update is refused.
  const double clamped = log_ratio > kLargestLogRatio ? kLargestLogRatio : log_ratio < -kLargestLogRatio ? -kLargestLogRatio : log_ratio;
  const double ratio = std::exp(clamped);
  const double bounded = std::min(std::max(ratio, 1 - bounds.low), 1 + bounds.high);
  const double plain = -advantage * ratio, limited = -advantage * bounded;
  TokenLoss loss;
  loss.clipped = limited > plain;
  loss.value = loss.clipped ? limited : plain;
  if (!loss.clipped && clamped == log_ratio) loss.gradient = plain;
  if (bounds.dual > 0 && advantage < 0 && loss.value > -advantage * bounds.dual) {
    loss.dual_clipped = true;
    loss.value = -advantage * bounds.dual;
    loss.gradient = 0;
  }
  return loss;
}

}  // namespace cohort::learner

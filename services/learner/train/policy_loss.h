#pragma once

namespace cohort::learner {

// Bounds of the clipped ratio.
struct ClipBounds {
  double low = 0.2;
  double high = 0.2;
  double dual = 0;  // Multiple of the advantage at which the loss of a bad token stops; 0 has none.
};

// Loss of one token and its derivative by the log-probability of the policy.
struct TokenLoss {
  double value = 0;
  double gradient = 0;
  bool clipped = false;       // The clipped ratio decides: outside the bounds on the side where the advantage pushes.
  bool dual_clipped = false;  // The dual clip decides.
};

// PPO's clipped objective with separate bounds, as a loss. With d = logprob - old_logprob clamped to [-20, 20] and r = exp(d):
//   l = max(-A r, -A clip(r, 1 - low, 1 + high));  where A < 0 and dual > 0: l = min(l, -A dual)
// `old_logprob` and `advantage` are constants of the derivative, which is 0 where a clamp or a clip decides.
TokenLoss PolicyLoss(double logprob, double old_logprob, double advantage, const ClipBounds& bounds);

}  // namespace cohort::learner

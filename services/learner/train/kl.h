#pragma once

#include "proto/cohort/config/v1/run.pb.h"

namespace cohort::learner {

// Estimate of KL(policy || reference) at one token and its derivative by the log-probability of the policy.
struct KlTerm {
  double value = 0;
  double gradient = 0;
};

// Schulman's estimators, with d = reference_logprob - logprob:
//   K1  -d
//   K2  d² / 2
//   K3  exp(d) - d - 1, d clamped to [-20, 20] and the result to [-10, 10] as verl does; derivative 0 where a clamp decides
KlTerm KlDivergence(config::v1::KlEstimator estimator, double logprob, double reference_logprob);

}  // namespace cohort::learner

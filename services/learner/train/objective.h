#pragma once

#include <cstdint>

#include "absl/types/span.h"
#include "proto/cohort/config/v1/run.pb.h"

namespace cohort::learner {

// One completion with everything its loss depends on; all spans have one value a token.
struct ObjectiveInput {
  absl::Span<const double> logprobs;            // Of the policy under training.
  absl::Span<const double> old_logprobs;        // Of the policy at the beginning of the step.
  absl::Span<const double> reference_logprobs;  // Of the reference; empty without a KL term.
  absl::Span<const double> entropies;           // Of the policy; measured only.
  absl::Span<const float> sampler_logprobs;     // Of the engine that sampled.
  double advantage = 0;
  double token_weight = 0;
};

// Sums over tokens, from which an update's metrics come.
struct ObjectiveTotals {
  double loss = 0;  // Weighted as in the loss itself.
  double kl = 0;
  double entropy = 0;
  double importance = 0;
  double logprob_diff = 0;  // |old - sampler|
  double logprob_diff_max = 0;
  int64_t clipped = 0;
  int64_t tokens = 0;

  void Add(const ObjectiveTotals& other);
};

// GRPO's loss of one completion, sum_t token_weight * (importance_t * policy_loss_t + kl_coefficient * kl_t), added to `totals`; its derivative by
// each log-probability goes to `gradient`. The importance weights and the old log-probabilities are constants. A pure function; see policy_loss.h,
// kl.h, importance.h and aggregate.h for the terms.
void AddObjective(const config::v1::AlgorithmSection& algorithm, const ObjectiveInput& input, absl::Span<double> gradient, ObjectiveTotals& totals);

}  // namespace cohort::learner

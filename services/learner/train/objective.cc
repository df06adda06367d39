#include "services/learner/train/objective.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "services/learner/train/importance.h"
#include "services/learner/train/kl.h"
#include "services/learner/train/policy_loss.h"

namespace cohort::learner {

void ObjectiveTotals::Add(const ObjectiveTotals& other) {
  loss += other.loss;
  kl += other.kl;
  entropy += other.entropy;
  importance += other.importance;
  logprob_diff += other.logprob_diff;
  logprob_diff_max = std::max(logprob_diff_max, other.logprob_diff_max);
  clipped += other.clipped;
  tokens += other.tokens;
}

void AddObjective(const config::v1::AlgorithmSection& algorithm, const ObjectiveInput& input, absl::Span<double> gradient, ObjectiveTotals& totals) {
  const ClipBounds bounds{algorithm.clip_low(), algorithm.clip_high(), algorithm.dual_clip()};
  const std::vector<double> importance =
      ImportanceWeights(algorithm.importance_correction(), input.old_logprobs, input.sampler_logprobs, algorithm.importance_cap());
  for (size_t t = 0; t < input.logprobs.size(); ++t) {
    const TokenLoss policy = PolicyLoss(input.logprobs[t], input.old_logprobs[t], input.advantage, bounds);
    KlTerm kl;
    if (!input.reference_logprobs.empty()) kl = KlDivergence(algorithm.kl_estimator(), input.logprobs[t], input.reference_logprobs[t]);
    totals.loss += input.token_weight * (importance[t] * policy.value + algorithm.kl_coefficient() * kl.value);
    gradient[t] = input.token_weight * (importance[t] * policy.gradient + algorithm.kl_coefficient() * kl.gradient);
    const double difference = std::abs(input.old_logprobs[t] - input.sampler_logprobs[t]);
    totals.kl += kl.value;
    totals.entropy += input.entropies[t];
    totals.importance += importance[t];
    totals.logprob_diff += difference;
    totals.logprob_diff_max = std::max(totals.logprob_diff_max, difference);
    totals.clipped += policy.clipped;
    ++totals.tokens;
  }
}

}  // namespace cohort::learner

#pragma once

#include <vector>

namespace cohort::learner {

// What a model says about each prediction of a batch.
struct TokenScores {
  std::vector<double> logprobs;   // Of the target, logits divided by the temperature.
  std::vector<double> entropies;  // Of the whole distribution, in nats.
};

}  // namespace cohort::learner

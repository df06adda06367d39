#include "services/learner/train/aggregate.h"

#include <map>

namespace cohort::learner {

std::vector<double> AggregationWeights(config::v1::Aggregation mode, const std::vector<SequenceShape>& minibatch, int64_t max_new_tokens) {
  const double sequences = static_cast<double>(minibatch.size());
  double tokens = 0;
  std::map<int64_t, double> tokens_of_prompt;
  for (const SequenceShape& sequence : minibatch) {
    tokens += sequence.tokens;
    tokens_of_prompt[sequence.prompt] += sequence.tokens;
  }
  std::vector<double> weights;
  weights.reserve(minibatch.size());
  for (const SequenceShape& sequence : minibatch) {
    switch (mode) {
      case config::v1::AGGREGATION_TOKEN_SUM: weights.push_back(1); break;
      case config::v1::AGGREGATION_SEQ_MEAN_TOKEN_SUM: weights.push_back(1 / sequences); break;
      case config::v1::AGGREGATION_SEQ_MEAN_TOKEN_MEAN: weights.push_back(1 / (sequences * sequence.tokens)); break;
      case config::v1::AGGREGATION_SEQ_MEAN_TOKEN_SUM_NORM: weights.push_back(1 / (sequences * max_new_tokens)); break;
      case config::v1::AGGREGATION_PROMPT_MEAN:
        weights.push_back(1 / (tokens_of_prompt.size() * tokens_of_prompt[sequence.prompt]));
        break;
      default: weights.push_back(1 / tokens); break;
    }
  }
  return weights;
}

}  // namespace cohort::learner

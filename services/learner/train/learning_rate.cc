#include "services/learner/train/learning_rate.h"

#include <algorithm>
#include <cmath>

namespace cohort::learner {

double LearningRate(const config::v1::OptimizerSection& optimizer, const UpdatePosition& position, int64_t total_steps) {
  const double minibatches = static_cast<double>(std::max<int64_t>(position.minibatches, 1));
  const double begin = position.step + position.minibatch / minibatches;
  const double end = position.step + (position.minibatch + 1) / minibatches;
  const double warmup = static_cast<double>(optimizer.warmup_steps());
  if (begin < warmup) return optimizer.learning_rate() * std::min(end / warmup, 1.0);
  const double length = static_cast<double>(total_steps) - warmup;
  const double progress = length > 0 ? std::min((begin - warmup) / length, 1.0) : 1.0;
  double share = 1;
  if (optimizer.schedule() == config::v1::LEARNING_RATE_SCHEDULE_COSINE) {
    share = optimizer.final_ratio() + (1 - optimizer.final_ratio()) * (1 + std::cos(progress * 3.14159265358979323846)) / 2;
  } else if (optimizer.schedule() == config::v1::LEARNING_RATE_SCHEDULE_LINEAR) {
    share = optimizer.final_ratio() + (1 - optimizer.final_ratio()) * (1 - progress);
  }
  return optimizer.learning_rate() * share;
}

}  // namespace cohort::learner

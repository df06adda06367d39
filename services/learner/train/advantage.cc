#include "services/learner/train/advantage.h"

#include <cmath>
#include <cstddef>

namespace cohort::learner {
namespace {

struct Moments {
  int count = 0;
  double mean = 0;
  double deviation = 0;  // Unbiased; 0 below two rewards.
};

// Of the unmasked rewards, the one at `skipped` left out. Two passes: rewards close to each other must not cancel.
Moments MomentsOf(const std::vector<GroupReward>& group, size_t skipped) {
  Moments moments;
  double sum = 0, squares = 0;
  for (size_t i = 0; i < group.size(); ++i) {
    if (group[i].masked || i == skipped) continue;
    sum += group[i].reward;
    ++moments.count;
  }
  if (moments.count == 0) return moments;
  moments.mean = sum / moments.count;
  for (size_t i = 0; i < group.size(); ++i) {
    if (group[i].masked || i == skipped) continue;
    squares += (group[i].reward - moments.mean) * (group[i].reward - moments.mean);
  }
  if (moments.count > 1) moments.deviation = std::sqrt(squares / (moments.count - 1));
  return moments;
}

double LeaveOneOut(const std::vector<GroupReward>& group, size_t index, double epsilon) {
  const Moments others = MomentsOf(group, index);
  const double difference = group[index].reward - others.mean;
  return others.deviation > 0 ? difference / (others.deviation + epsilon) : difference;
}

}  // namespace

std::vector<double> Advantages(config::v1::Advantage estimator, const std::vector<GroupReward>& group, double epsilon) {
  std::vector<double> advantages(group.size(), 0.0);
  const Moments all = MomentsOf(group, /*skipped=*/group.size());
  if (all.count < 2) return advantages;
  for (size_t i = 0; i < group.size(); ++i) {
    if (group[i].masked) continue;
    const double difference = group[i].reward - all.mean;
    switch (estimator) {
      case config::v1::ADVANTAGE_DR_GRPO: advantages[i] = difference; break;
      case config::v1::ADVANTAGE_RLOO: advantages[i] = difference * all.count / (all.count - 1); break;
      case config::v1::ADVANTAGE_LEAVE_ONE_OUT: advantages[i] = LeaveOneOut(group, i, epsilon); break;
      default: advantages[i] = difference / (all.deviation + epsilon); break;
    }
  }
  return advantages;
}

}  // namespace cohort::learner

#pragma once

#include <vector>

#include "proto/cohort/config/v1/run.pb.h"

namespace cohort::learner {

// The epsilon beside the standard deviation that the published GRPO code of TRL uses; verl uses 1e-6.
inline constexpr double kAdvantageEpsilon = 1e-4;

// One reward of a group.
struct GroupReward {
  double reward = 0;
  bool masked = false;  // Left out of mean and deviation; its advantage is 0.
};

// Advantages of one group's completions, in their order. With n unmasked rewards r, their mean m and unbiased standard deviation s:
//   GRPO           (r - m) / (s + epsilon)
//   DR_GRPO        r - m
//   RLOO           n / (n - 1) * (r - m)
//   LEAVE_ONE_OUT  (r - m') / (s' + epsilon) with m', s' of the other n - 1; undivided where s' is 0 or has fewer than two rewards
// A group with fewer than two unmasked rewards has no baseline: all its advantages are 0.
std::vector<double> Advantages(config::v1::Advantage estimator, const std::vector<GroupReward>& group, double epsilon = kAdvantageEpsilon);

}  // namespace cohort::learner

#pragma once

#include <vector>

#include "proto/cohort/config/v1/run.pb.h"
#include "proto/cohort/learner/v1/trajectory_service.pb.h"

namespace cohort::learner {

// What one completion is worth.
struct ScalarReward {
  double value = 0;
  bool masked = false;  // Neither right nor wrong: left out of baseline and loss; value is then 0.
  bool unscored = false;  // Masked because the reward service could not score it.
};

// How the verdicts on a group become numbers, one per completion: accuracy_weight for CORRECT, format_weight for the right format, the auxiliary rewards
// by their weights (0 where the service measured none), the rewards by length (length_rewards.h). What the service could not decide for reasons that are
// not the model's (GOLD_UNPARSEABLE, INTERNAL) is masked, and so is a truncated completion where the run masks those; both still count as members of the
// group for the reward by its lengths.
std::vector<ScalarReward> ScalarizeGroup(const config::v1::RunConfig& config, const learner::v1::Group& group);

}  // namespace cohort::learner

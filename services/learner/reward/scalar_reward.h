#pragma once

#include "proto/cohort/config/v1/run.pb.h"
#include "proto/cohort/learner/v1/trajectory_service.pb.h"

namespace cohort::learner {

// What one completion is worth.
struct ScalarReward {
  double value = 0;
  bool masked = false;  // Neither right nor wrong: left out of baseline and loss; value is then 0.
  bool unscored = false;  // Masked because the reward service could not score it.
};

// How verdicts become numbers: accuracy_weight for CORRECT, format_weight for the right format, plus the soft overlong penalty. Everything else that
// the service decided counts 0; what it could not decide for reasons that are not the model's (GOLD_UNPARSEABLE, INTERNAL) is masked, and so is a
// truncated completion where the run masks those.
ScalarReward Scalarize(const config::v1::RunConfig& config, const learner::v1::Completion& completion);

}  // namespace cohort::learner

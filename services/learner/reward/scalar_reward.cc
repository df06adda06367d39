#include "services/learner/reward/scalar_reward.h"

#include "services/learner/train/overlong.h"

namespace cohort::learner {
namespace {

bool CannotBeScored(reward::v1::Verdict verdict) {
  switch (verdict) {
    case reward::v1::VERDICT_UNSPECIFIED:
    case reward::v1::VERDICT_GOLD_UNPARSEABLE:
    case reward::v1::VERDICT_INTERNAL:
      return true;
    default:
      return false;
  }
}

}  // namespace

ScalarReward Scalarize(const config::v1::RunConfig& config, const learner::v1::Completion& completion) {
  ScalarReward reward;
  reward.unscored = CannotBeScored(completion.score().verdict());
  const bool truncated = completion.finish_reason() == common::v1::FINISH_REASON_LENGTH;
  reward.masked = reward.unscored || (truncated && config.algorithm().mask_truncated());
  if (reward.masked) return reward;
  if (completion.score().verdict() == reward::v1::VERDICT_CORRECT) reward.value += config.reward().accuracy_weight();
  if (completion.score().format_ok()) reward.value += config.reward().format_weight();
  reward.value += OverlongPenalty(completion.token_ids_size(), config.rollout().max_new_tokens(), config.reward().overlong_buffer_tokens());
  return reward;
}

}  // namespace cohort::learner

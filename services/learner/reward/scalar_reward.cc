#include "services/learner/reward/scalar_reward.h"

#include "services/learner/reward/length_rewards.h"

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

bool IsCorrect(const learner::v1::Completion& completion) { return completion.score().verdict() == reward::v1::VERDICT_CORRECT; }

double AuxiliaryReward(const config::v1::RewardSection& weights, const reward::v1::AuxiliaryRewards& measured) {
  return weights.language_consistency_weight() * measured.language_consistency() + weights.repetition_weight() * measured.repetition() +
         weights.tag_count_weight() * measured.tag_count() + weights.reasoning_steps_weight() * measured.reasoning_steps();
}

// All but what depends on the rest of the group.
double OwnReward(const config::v1::RunConfig& config, const learner::v1::Completion& completion) {
  const config::v1::RewardSection& weights = config.reward();
  const int64_t tokens = completion.token_ids_size();
  const int64_t max_tokens = config.rollout().max_new_tokens();
  double value = AuxiliaryReward(weights, completion.score().auxiliary());
  if (IsCorrect(completion)) value += weights.accuracy_weight();
  if (completion.score().format_ok()) value += weights.format_weight();
  if (weights.cosine_length_weight() > 0) value += weights.cosine_length_weight() * CosineLengthReward(tokens, max_tokens, IsCorrect(completion));
  return value + OverlongPenalty(tokens, max_tokens, weights.overlong_buffer_tokens());
}

std::vector<double> LengthsOfGroup(const learner::v1::Group& group) {
  std::vector<GroupMember> members;
  for (const learner::v1::Completion& completion : group.completions()) members.push_back({completion.token_ids_size(), IsCorrect(completion)});
  return GroupLengthRewards(members);
}

}  // namespace

std::vector<ScalarReward> ScalarizeGroup(const config::v1::RunConfig& config, const learner::v1::Group& group) {
  const double length_weight = config.reward().group_length_weight();
  const std::vector<double> lengths = length_weight > 0 ? LengthsOfGroup(group) : std::vector<double>(group.completions_size(), 0);
  std::vector<ScalarReward> rewards(group.completions_size());
  for (int i = 0; i < group.completions_size(); ++i) {
    const learner::v1::Completion& completion = group.completions(i);
    ScalarReward& reward = rewards[i];
    reward.unscored = CannotBeScored(completion.score().verdict());
    const bool truncated = completion.finish_reason() == common::v1::FINISH_REASON_LENGTH;
    reward.masked = reward.unscored || (truncated && config.algorithm().mask_truncated());
    if (!reward.masked) reward.value = OwnReward(config, completion) + length_weight * lengths[i];
  }
  return rewards;
}

}  // namespace cohort::learner

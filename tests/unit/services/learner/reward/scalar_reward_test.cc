#include "services/learner/reward/scalar_reward.h"

#include "gtest/gtest.h"

namespace cohort::learner {
namespace {

config::v1::RunConfig Config() {
  config::v1::RunConfig config;
  config.mutable_reward()->set_accuracy_weight(1);
  config.mutable_reward()->set_format_weight(0.25);
  config.mutable_rollout()->set_max_new_tokens(10);
  return config;
}

learner::v1::Completion Completion(reward::v1::Verdict verdict, bool format_ok, int tokens = 3) {
  learner::v1::Completion completion;
  completion.mutable_score()->set_verdict(verdict);
  completion.mutable_score()->set_format_ok(format_ok);
  completion.set_finish_reason(common::v1::FINISH_REASON_STOP);
  for (int i = 0; i < tokens; ++i) completion.add_token_ids(1);
  return completion;
}

// What a completion is worth in a group of its own.
ScalarReward Scalarize(const config::v1::RunConfig& config, const learner::v1::Completion& completion) {
  learner::v1::Group group;
  *group.add_completions() = completion;
  return ScalarizeGroup(config, group).at(0);
}

TEST(ScalarRewardTest, AccuracyAndFormatAddUpByTheirWeights) {
  EXPECT_DOUBLE_EQ(Scalarize(Config(), Completion(reward::v1::VERDICT_CORRECT, true)).value, 1.25);
  EXPECT_DOUBLE_EQ(Scalarize(Config(), Completion(reward::v1::VERDICT_CORRECT, false)).value, 1);
  EXPECT_DOUBLE_EQ(Scalarize(Config(), Completion(reward::v1::VERDICT_INCORRECT, true)).value, 0.25);
  EXPECT_DOUBLE_EQ(Scalarize(Config(), Completion(reward::v1::VERDICT_FORMAT, false)).value, 0);
}

TEST(ScalarRewardTest, WhatTheServiceDecidedAgainstTheModelCountsAsWrongNotAsUnknown) {
  for (const auto verdict : {reward::v1::VERDICT_INCORRECT, reward::v1::VERDICT_NO_ANSWER, reward::v1::VERDICT_PRED_UNPARSEABLE,
                             reward::v1::VERDICT_FORMAT, reward::v1::VERDICT_UNKNOWN, reward::v1::VERDICT_TIMEOUT}) {
    const ScalarReward reward = Scalarize(Config(), Completion(verdict, false));
    EXPECT_FALSE(reward.masked) << reward::v1::Verdict_Name(verdict);
    EXPECT_EQ(reward.value, 0);
  }
}

TEST(ScalarRewardTest, WhatTheServiceCouldNotScoreIsMasked) {
  for (const auto verdict : {reward::v1::VERDICT_GOLD_UNPARSEABLE, reward::v1::VERDICT_INTERNAL, reward::v1::VERDICT_UNSPECIFIED}) {
    const ScalarReward reward = Scalarize(Config(), Completion(verdict, true));
    EXPECT_TRUE(reward.masked && reward.unscored) << reward::v1::Verdict_Name(verdict);
    EXPECT_EQ(reward.value, 0);
  }
}

TEST(ScalarRewardTest, TruncatedCompletionsAreMaskedOnlyWhereTheRunAsksForIt) {
  config::v1::RunConfig config = Config();
  learner::v1::Completion completion = Completion(reward::v1::VERDICT_FORMAT, false);
  completion.set_finish_reason(common::v1::FINISH_REASON_LENGTH);
  EXPECT_FALSE(Scalarize(config, completion).masked);
  config.mutable_algorithm()->set_mask_truncated(true);
  EXPECT_TRUE(Scalarize(config, completion).masked);
  EXPECT_FALSE(Scalarize(config, completion).unscored);
}

TEST(ScalarRewardTest, TheOverlongPenaltyGrowsLinearlyTowardsTheLimit) {
  config::v1::RunConfig config = Config();
  const auto reward = [&config](int tokens) { return Scalarize(config, Completion(reward::v1::VERDICT_CORRECT, true, tokens)).value; };
  EXPECT_DOUBLE_EQ(reward(10), 1.25);
  config.mutable_reward()->set_overlong_buffer_tokens(4);
  EXPECT_DOUBLE_EQ(reward(6), 1.25);
  EXPECT_DOUBLE_EQ(reward(7), 1.0);
  EXPECT_DOUBLE_EQ(reward(10), 0.25);
}

TEST(ScalarRewardTest, MeasuredRewardsCountByTheirWeightsAndAreOffByDefault) {
  learner::v1::Completion completion = Completion(reward::v1::VERDICT_INCORRECT, false);
  reward::v1::AuxiliaryRewards& measured = *completion.mutable_score()->mutable_auxiliary();
  measured.set_language_consistency(0.5);
  measured.set_repetition(-0.25);
  measured.set_tag_count(0.75);
  measured.set_reasoning_steps(1);
  config::v1::RunConfig config = Config();
  EXPECT_EQ(Scalarize(config, completion).value, 0);
  config.mutable_reward()->set_language_consistency_weight(1);
  EXPECT_DOUBLE_EQ(Scalarize(config, completion).value, 0.5);
  config.mutable_reward()->set_repetition_weight(2);
  EXPECT_DOUBLE_EQ(Scalarize(config, completion).value, 0);
  config.mutable_reward()->set_tag_count_weight(4);
  EXPECT_DOUBLE_EQ(Scalarize(config, completion).value, 3);
  config.mutable_reward()->set_reasoning_steps_weight(0.5);
  EXPECT_DOUBLE_EQ(Scalarize(config, completion).value, 3.5);
}

TEST(ScalarRewardTest, TheCosineRewardsShortRightAnswers) {
  config::v1::RunConfig config = Config();
  config.mutable_reward()->set_cosine_length_weight(2);
  EXPECT_NEAR(Scalarize(config, Completion(reward::v1::VERDICT_CORRECT, false, 5)).value, 1 + 2 * 0.5, 1e-12);
  EXPECT_EQ(Scalarize(config, Completion(reward::v1::VERDICT_INCORRECT, false, 5)).value, 0);
}

TEST(ScalarRewardTest, TheLengthsOfAGroupAreComparedWithEachOther) {
  config::v1::RunConfig config = Config();
  config.mutable_reward()->set_group_length_weight(1);
  learner::v1::Group group;
  *group.add_completions() = Completion(reward::v1::VERDICT_CORRECT, false, 2);
  *group.add_completions() = Completion(reward::v1::VERDICT_CORRECT, false, 6);
  *group.add_completions() = Completion(reward::v1::VERDICT_INTERNAL, false, 10);
  const std::vector<ScalarReward> rewards = ScalarizeGroup(config, group);
  EXPECT_DOUBLE_EQ(rewards[0].value, 1.5);
  EXPECT_DOUBLE_EQ(rewards[1].value, 1);
  EXPECT_TRUE(rewards[2].masked);
  EXPECT_EQ(rewards[2].value, 0);
}

}  // namespace
}  // namespace cohort::learner

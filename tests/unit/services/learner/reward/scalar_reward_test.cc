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

}  // namespace
}  // namespace cohort::learner

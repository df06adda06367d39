// A learner of several processes computes what one computes, and loses nothing with a follower.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/services/learner/follow/leader.h"
#include "tests/unit/services/learner/follow/scripted_follower.h"

namespace cohort::learner {
namespace {

using cohort::testing::HasReason;
using cohort::testing::StatusIs;
using ::testing::HasSubstr;
using Move = ScriptedFollower::Move;

class DistributedTest : public ::testing::Test {
 protected:
  DistributedTest() { config_.mutable_optimizer()->set_data_parallel(2); }

  static std::vector<SampleGroup> Groups(int64_t step) { return RandomGroups(6, 4, 40, 100 + step); }
  static bool SameBits(const model::Arena& a, const model::Arena& b) {
    return a.size() == b.size() && std::memcmp(a.bytes().data(), b.bytes().data(), a.bytes().size()) == 0;
  }
  // The weights after so many undisturbed updates of this config's processes.
  std::shared_ptr<const model::Arena> Undisturbed(int64_t steps) {
    Leader leader(config_, model_);
    std::vector<std::unique_ptr<FollowerThread>> followers;
    for (int i = 1; i < config_.optimizer().data_parallel(); ++i) {
      followers.push_back(std::make_unique<FollowerThread>(leader.address(), absl::StrCat("follower-", i)));
    }
    EXPECT_TRUE(leader.Complete());
    for (int64_t step = 0; step < steps; ++step) EXPECT_OK(leader.trainer().Update(step, Groups(step)));
    return leader.trainer().Weights().value();
  }

  config::v1::RunConfig config_ = TinyRunConfig();
  const model::LoadedModel model_ = RandomModel({}, 21);
  const testing::TempDir directory_;
};

TEST_F(DistributedTest, SeveralProcessesTakeTheStepOfOne) {
  config_.mutable_optimizer()->set_epsilon(1e3);  // Makes the first step proportional to the gradient.
  config_.mutable_optimizer()->set_learning_rate(1e5);
  config_.mutable_optimizer()->set_max_grad_norm(0);
  const auto one = Trainer::Create(config_, model_).value();
  ASSERT_OK_AND_ASSIGN(const UpdateMetrics expected, one->Update(0, Groups(0)));
  const auto weights = one->Weights().value();
  for (const int processes : {2, 3}) {
    config_.mutable_optimizer()->set_data_parallel(processes);
    const auto shared = Undisturbed(1);
    double largest_step = 0, largest_difference = 0;
    for (int64_t i = 0; i < weights->size(); ++i) {
      largest_step = std::max<double>(largest_step, std::abs(weights->floats()[i] - model_.weights->floats()[i]));
      largest_difference = std::max<double>(largest_difference, std::abs(weights->floats()[i] - shared->floats()[i]));
    }
    EXPECT_GT(largest_step, 0);
    EXPECT_GT(expected.grad_norm, 0);
    EXPECT_LT(largest_difference, 1e-5 * largest_step) << processes << " processes";
  }
}

TEST_F(DistributedTest, EveryRunOfSeveralProcessesEndsInTheSameBits) {
  config_.mutable_optimizer()->set_data_parallel(3);
  config_.mutable_algorithm()->set_minibatches(2);
  const auto first = Undisturbed(3), second = Undisturbed(3);
  EXPECT_TRUE(SameBits(*first, *second));
  EXPECT_FALSE(SameBits(*first, *model_.weights));
}

TEST_F(DistributedTest, MetricsAndReferenceAreThoseOfOneProcess) {
  config_.mutable_algorithm()->set_minibatches(2);
  const auto one = Trainer::Create(config_, model_).value();
  Leader leader(config_, model_);
  const FollowerThread follower(leader.address());
  ASSERT_TRUE(leader.Complete());
  for (int64_t step = 0; step < 4; ++step) {
    ASSERT_OK_AND_ASSIGN(const UpdateMetrics expected, one->Update(step, Groups(step)));
    ASSERT_OK_AND_ASSIGN(const UpdateMetrics metrics, leader.trainer().Update(step, Groups(step)));
    EXPECT_EQ(metrics.tokens, expected.tokens);
    EXPECT_NEAR(metrics.loss, expected.loss, 1e-4);
    EXPECT_NEAR(metrics.kl, expected.kl, 1e-3 * std::max(1.0, expected.kl));
    EXPECT_NEAR(metrics.entropy, expected.entropy, 1e-3);
    if (step != 1) continue;
    ASSERT_OK(one->RefreshReference());
    ASSERT_OK(leader.trainer().RefreshReference());
  }
}

TEST_F(DistributedTest, ACheckpointRestoresIntoAnyNumberOfProcesses) {
  Leader leader(config_, model_);
  const FollowerThread follower(leader.address());
  ASSERT_TRUE(leader.Complete());
  ASSERT_OK(leader.trainer().Update(0, Groups(0)));
  ASSERT_OK(leader.trainer().RefreshReference());
  ASSERT_OK(leader.trainer().Update(1, Groups(1)));
  ASSERT_OK(WriteTrainerState(directory_ / "state.safetensors", leader.trainer().Snapshot()->state));
  const auto weights = leader.trainer().Weights().value();
  ASSERT_OK(leader.trainer().Update(2, Groups(2)));
  const auto expected = leader.trainer().Weights().value();
  // In the same leader, whose follower has moved on, and in another.
  ASSERT_OK(leader.trainer().Restore(*weights, directory_ / "state.safetensors"));
  ASSERT_OK(leader.trainer().Update(2, Groups(2)));
  EXPECT_TRUE(SameBits(*leader.trainer().Weights().value(), *expected));
  Leader other(config_, model_);
  const FollowerThread of_other(other.address());
  ASSERT_TRUE(other.Complete());
  ASSERT_OK(other.trainer().Restore(*weights, directory_ / "state.safetensors"));
  ASSERT_OK(other.trainer().Update(2, Groups(2)));
  EXPECT_TRUE(SameBits(*other.trainer().Weights().value(), *expected));
}

TEST_F(DistributedTest, WithoutItsFollowersItDoesNotBegin) {
  Leader leader(config_, model_);
  const auto update = leader.trainer().Update(0, Groups(0));
  EXPECT_THAT(update, HasReason("FOLLOWER_LOST"));
  EXPECT_THAT(update, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("0 of 1 followers are there, missing: rank 1")));
  EXPECT_TRUE(SameBits(*leader.trainer().Weights().value(), *model_.weights));
}

TEST_F(DistributedTest, AFollowerThatLeavesAtAnyOrderCostsARepetitionAndNoBit) {
  for (const int minibatches : {1, 2}) {
    config_.mutable_algorithm()->set_minibatches(minibatches);
    const auto expected = Undisturbed(2);
    int64_t last = 0;
    for (int64_t at = 1; last == 0; ++at) {
      Leader leader(config_, model_);
      ScriptedFollower leaving(leader.address(), {.move = [at](int64_t count, const v1::FollowResponse&) { return count == at ? Move::kLeave : Move::kAnswer; }});
      ASSERT_TRUE(leader.Complete());
      const auto update = leader.trainer().Update(0, Groups(0));
      if (update.ok()) {
        last = at;
        EXPECT_EQ(leaving.orders(), at - 1);
        leader.pool().Dismiss(false, "enough", absl::Now() + absl::Seconds(30));
        continue;
      }
      ASSERT_THAT(update, HasReason("FOLLOWER_LOST")) << "order " << at;
      ASSERT_TRUE(SameBits(*leader.trainer().Weights().value(), *model_.weights)) << "order " << at;
      const FollowerThread follower(leader.address());
      ASSERT_TRUE(leader.Complete());
      for (int64_t step = 0; step < 2; ++step) ASSERT_OK(leader.trainer().Update(step, Groups(step)));
      ASSERT_TRUE(SameBits(*leader.trainer().Weights().value(), *expected)) << "order " << at << ", " << minibatches << " minibatches";
    }
    EXPECT_GT(last, 10) << "an update of " << minibatches << " minibatches has more orders than that";
  }
}

TEST_F(DistributedTest, TheOthersGoOnWithTheSuccessor) {
  config_.mutable_optimizer()->set_data_parallel(3);
  config_.mutable_algorithm()->set_minibatches(2);
  const auto expected = Undisturbed(2);
  Leader leader(config_, model_);
  const FollowerThread stays(leader.address(), "stays");
  int64_t backwards = 0;
  const auto move = [&](int64_t, const v1::FollowResponse& order) { return order.has_backward() && ++backwards == 3 ? Move::kLeave : Move::kAnswer; };
  ScriptedFollower leaves(leader.address(), {.move = move});
  ASSERT_TRUE(leader.Complete());
  ASSERT_THAT(leader.trainer().Update(0, Groups(0)), HasReason("FOLLOWER_LOST"));
  const FollowerThread comes(leader.address(), "comes");
  ASSERT_TRUE(leader.Complete());
  for (int64_t step = 0; step < 2; ++step) ASSERT_OK(leader.trainer().Update(step, Groups(step)));
  EXPECT_TRUE(SameBits(*leader.trainer().Weights().value(), *expected));
}

TEST_F(DistributedTest, AFollowerThatFallsSilentIsNoticed) {
  Leader leader(config_, model_, absl::Seconds(4));
  ScriptedFollower silent(leader.address(), {.move = [](int64_t count, const v1::FollowResponse&) { return count == 5 ? Move::kFallSilent : Move::kAnswer; }});
  ASSERT_TRUE(leader.Complete());
  EXPECT_THAT(leader.trainer().Update(0, Groups(0)), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("nothing was heard of it for 4s")));
  EXPECT_FALSE(silent.Join().ok());
}

TEST_F(DistributedTest, ADamagedGradientIsNotAdded) {
  Leader leader(config_, model_);
  ScriptedFollower damaging(leader.address(), {.edit_reply = [](v1::OrderReply& reply) {
                              if (reply.has_gradient()) (*reply.mutable_gradient()->mutable_data())[9] ^= 4;
                            }});
  ASSERT_TRUE(leader.Complete());
  EXPECT_THAT(leader.trainer().Update(0, Groups(0)), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("damaged")));
  EXPECT_TRUE(SameBits(*leader.trainer().Weights().value(), *model_.weights));
}

TEST_F(DistributedTest, WhatAFollowerCannotDoIsNotTriedForEver) {
  Leader leader(config_, model_);
  ScriptedFollower unable(leader.address(), {.name = "small", .edit_reply = [](v1::OrderReply& reply) {
                            if (reply.has_scores()) reply.set_error("no memory left");
                          }});
  ASSERT_TRUE(leader.Complete());
  EXPECT_THAT(leader.trainer().Update(0, Groups(0)), StatusIs(absl::StatusCode::kInternal, HasSubstr("follower small: no memory left")));
  EXPECT_TRUE(SameBits(*leader.trainer().Weights().value(), *model_.weights));
  leader.pool().Dismiss(false, "enough", absl::Now() + absl::Seconds(30));
}

}  // namespace
}  // namespace cohort::learner

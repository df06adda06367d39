#include "services/learner/train/update_plan.h"

#include <limits>
#include <set>
#include <utility>

#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/services/learner/train/run_config.h"

namespace cohort::learner {
namespace {

using cohort::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Ids = std::set<std::pair<int64_t, int64_t>>;

class UpdatePlanTest : public ::testing::Test {
 protected:
  absl::StatusOr<UpdatePlan> Plan(int64_t step = 0) const { return PlanUpdate(config_, model_, workers_, step, groups_); }

  static std::vector<Ids> Samples(const UpdatePlan& plan) {
    std::vector<Ids> minibatches;
    for (const PlannedMinibatch& minibatch : plan.minibatches) {
      minibatches.emplace_back();
      for (const PlannedSample& sample : minibatch.samples) minibatches.back().insert({sample.group, sample.sample});
    }
    return minibatches;
  }

  config::v1::RunConfig config_ = TinyRunConfig();
  const model::ModelConfig model_ = TinyConfig({});
  int64_t workers_ = 1;
  std::vector<SampleGroup> groups_ = RandomGroups(4, 4, 40, 1);
};

TEST_F(UpdatePlanTest, EverySampleStandsInExactlyOneMinibatch) {
  config_.mutable_algorithm()->set_minibatches(3);
  ASSERT_OK_AND_ASSIGN(const UpdatePlan plan, Plan());
  Ids all;
  size_t count = 0;
  for (const Ids& ids : Samples(plan)) {
    all.insert(ids.begin(), ids.end());
    count += ids.size();
  }
  EXPECT_EQ(plan.minibatches.size(), 3);
  EXPECT_EQ(all.size(), 16);
  EXPECT_EQ(count, 16);
}

TEST_F(UpdatePlanTest, TheSplitDependsOnSeedAndStepOnly) {
  config_.mutable_algorithm()->set_minibatches(4);
  ASSERT_OK_AND_ASSIGN(const UpdatePlan plan, Plan(7));
  ASSERT_OK_AND_ASSIGN(const UpdatePlan again, Plan(7));
  ASSERT_OK_AND_ASSIGN(const UpdatePlan other_step, Plan(8));
  config_.mutable_run()->set_seed(6);
  ASSERT_OK_AND_ASSIGN(const UpdatePlan other_seed, Plan(7));
  EXPECT_EQ(Samples(plan), Samples(again));
  EXPECT_NE(Samples(plan), Samples(other_step));
  EXPECT_NE(Samples(plan), Samples(other_seed));
}

TEST_F(UpdatePlanTest, MaskedSamplesTakeNoPart) {
  groups_[1].samples[2].masked = true;
  groups_[1].samples[2].reward = std::numeric_limits<double>::quiet_NaN();
  ASSERT_OK_AND_ASSIGN(const UpdatePlan plan, Plan());
  EXPECT_EQ(plan.minibatches[0].samples.size(), 15);
  EXPECT_FALSE(Samples(plan)[0].contains({1, 2}));
}

TEST_F(UpdatePlanTest, MoreMinibatchesThanSamplesLeaveOutTheEmptyOnes) {
  groups_.resize(1);
  groups_[0].samples.resize(2);
  config_.mutable_algorithm()->set_minibatches(5);
  ASSERT_OK_AND_ASSIGN(const UpdatePlan plan, Plan());
  EXPECT_EQ(plan.minibatches.size(), 2);
}

TEST_F(UpdatePlanTest, PassesStayWithinTheTokenBudget) {
  config_.mutable_optimizer()->set_micro_batch_tokens(30);
  ASSERT_OK_AND_ASSIGN(const UpdatePlan plan, Plan());
  int64_t next = 0;
  for (const IndexRange& pass : plan.minibatches[0].passes[0]) {
    EXPECT_EQ(pass.begin, next);
    next = pass.end;
    EXPECT_LE(BuildBatch(groups_, absl::MakeConstSpan(plan.minibatches[0].samples).subspan(pass.begin, pass.end - pass.begin)).rows(), 30);
  }
  EXPECT_EQ(next, 16);
}

TEST_F(UpdatePlanTest, ASampleLargerThanTheBudgetGetsItsOwnPass) {
  config_.mutable_optimizer()->set_micro_batch_tokens(1);
  ASSERT_OK_AND_ASSIGN(const UpdatePlan plan, Plan());
  EXPECT_EQ(plan.minibatches[0].passes[0].size(), 16);
}

TEST_F(UpdatePlanTest, WorkersGetEvenSharesOfTheTokens) {
  workers_ = 3;
  groups_ = RandomGroups(16, 4, 40, 1);
  ASSERT_OK_AND_ASSIGN(const UpdatePlan plan, Plan());
  ASSERT_EQ(plan.minibatches[0].passes.size(), 3);
  int64_t next = 0;
  for (const auto& passes : plan.minibatches[0].passes) {
    int64_t tokens = 0;
    for (const IndexRange& pass : passes) {
      EXPECT_EQ(pass.begin, next);
      next = pass.end;
      for (int64_t i = pass.begin; i < pass.end; ++i) {
        const PlannedSample& sample = plan.minibatches[0].samples[i];
        tokens += groups_[sample.group].samples[sample.sample].completion.size();
      }
    }
    EXPECT_NEAR(tokens, plan.tokens / 3.0, 12);
  }
  EXPECT_EQ(next, 64);
}

TEST_F(UpdatePlanTest, MoreWorkersThanSamplesLeaveSomeIdle) {
  workers_ = 8;
  groups_.resize(1);
  groups_[0].samples.resize(2);
  ASSERT_OK_AND_ASSIGN(const UpdatePlan plan, Plan());
  size_t passes = 0;
  for (const auto& of_worker : plan.minibatches[0].passes) passes += of_worker.size();
  EXPECT_EQ(passes, 2);
}

TEST_F(UpdatePlanTest, APromptIsComputedOnceForItsCompletions) {
  groups_ = {{{1, 2, 3}, {{{4, 5}, {-1, -1}}, {{6}, {-1}}, {{7, 8, 9}, {-1, -1, -1}}}}};
  ASSERT_OK_AND_ASSIGN(const UpdatePlan plan, Plan());
  const TokenBatch batch = BuildBatch(groups_, plan.minibatches[0].samples);
  EXPECT_THAT(batch.tokens(), ElementsAre(1, 2, 3, 4, 7, 8));
  EXPECT_THAT(batch.positions(), ElementsAre(0, 1, 2, 3, 3, 4));
  EXPECT_THAT(batch.targets(), ElementsAre(4, 5, 6, 7, 8, 9));
  EXPECT_THAT(batch.predicting_rows(), ElementsAre(2, 3, 2, 2, 4, 5));
}

TEST_F(UpdatePlanTest, BadGroupsAreRefusedByName) {
  const auto expect = [&](const char* message) { EXPECT_THAT(Plan(3), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message))); };
  const auto good = groups_;
  groups_[2].prompt.clear();
  expect("step 3, group 2: an empty prompt");
  groups_ = good;
  groups_[1].samples[0].completion.clear();
  expect("group 1: an empty completion");
  groups_ = good;
  groups_[1].samples[0].sampler_logprobs.push_back(0);
  expect("group 1: ");
  groups_ = good;
  groups_[0].samples[3].completion[0] = 40;
  expect("token 40 is outside the model's vocabulary of 40");
  groups_ = good;
  groups_[0].samples[3].reward = std::numeric_limits<double>::infinity();
  expect("reward");
  groups_ = good;
  groups_[0].prompt.resize(513);
  expect("512 positions");
}

}  // namespace
}  // namespace cohort::learner

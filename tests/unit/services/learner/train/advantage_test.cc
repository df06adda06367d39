#include "services/learner/train/advantage.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::learner {
namespace {

using config::v1::ADVANTAGE_DR_GRPO;
using config::v1::ADVANTAGE_GRPO;
using config::v1::ADVANTAGE_LEAVE_ONE_OUT;
using config::v1::ADVANTAGE_RLOO;
using ::testing::DoubleNear;
using ::testing::Each;
using ::testing::ElementsAre;

auto Near(double value) { return DoubleNear(value, 1e-9); }

TEST(AdvantageTest, EqualRewardsGiveNoAdvantage) {
  for (const auto estimator : {ADVANTAGE_GRPO, ADVANTAGE_DR_GRPO, ADVANTAGE_RLOO, ADVANTAGE_LEAVE_ONE_OUT}) {
    EXPECT_THAT(Advantages(estimator, {{1.5}, {1.5}, {1.5}}), Each(0.0));
  }
}

TEST(AdvantageTest, MaskedSamplesNeitherCountNorGetAnAdvantage) {
  const auto with_masked = Advantages(ADVANTAGE_GRPO, {{1}, {0}, {1000, /*masked=*/true}, {0}});
  const auto without = Advantages(ADVANTAGE_GRPO, {{1}, {0}, {0}});
  EXPECT_THAT(with_masked, ElementsAre(Near(without[0]), Near(without[1]), 0.0, Near(without[2])));
}

TEST(AdvantageTest, AGroupWithOneUnmaskedSampleHasNoBaseline) {
  for (const auto estimator : {ADVANTAGE_GRPO, ADVANTAGE_DR_GRPO, ADVANTAGE_RLOO, ADVANTAGE_LEAVE_ONE_OUT}) {
    EXPECT_THAT(Advantages(estimator, {{1}, {0, true}}), ElementsAre(0.0, 0.0));
  }
}

TEST(AdvantageTest, AGroupWithAllSamplesMaskedIsLeftAlone) {
  EXPECT_THAT(Advantages(ADVANTAGE_GRPO, {{1, true}, {0, true}}), ElementsAre(0.0, 0.0));
}

TEST(AdvantageTest, GrpoDividesByTheUnbiasedDeviation) {
  const double deviation = std::sqrt((4 + 1 + 9) / 2.0);  // Of {0, 1, 5}: mean 2, squares 4 + 1 + 9.
  EXPECT_THAT(Advantages(ADVANTAGE_GRPO, {{0}, {1}, {5}}),
              ElementsAre(Near(-2 / (deviation + 1e-4)), Near(-1 / (deviation + 1e-4)), Near(3 / (deviation + 1e-4))));
}

TEST(AdvantageTest, RlooIsTheDistanceToTheMeanOfTheOthers) {
  EXPECT_THAT(Advantages(ADVANTAGE_RLOO, {{0}, {1}, {5}}), ElementsAre(Near(0 - 3), Near(1 - 2.5), Near(5 - 0.5)));
}

TEST(AdvantageTest, LeaveOneOutDividesByTheDeviationOfTheOthers) {
  const double of_one_and_five = std::sqrt(8.0), of_zero_and_five = std::sqrt(12.5), of_zero_and_one = std::sqrt(0.5);
  EXPECT_THAT(Advantages(ADVANTAGE_LEAVE_ONE_OUT, {{0}, {1}, {5}}, 0),
              ElementsAre(Near(-3 / of_one_and_five), Near(-1.5 / of_zero_and_five), Near(4.5 / of_zero_and_one)));
}

TEST(AdvantageTest, LeaveOneOutLeavesALoneSuccessUndivided) {
  const auto advantages = Advantages(ADVANTAGE_LEAVE_ONE_OUT, {{1}, {0}, {0}, {0}});
  EXPECT_NEAR(advantages[0], 1, 1e-9);
  EXPECT_LT(advantages[1], 0);
}

TEST(AdvantageTest, EpsilonIsTheCallersChoice) {
  const double published = Advantages(ADVANTAGE_GRPO, {{1}, {0}})[0], smaller = Advantages(ADVANTAGE_GRPO, {{1}, {0}}, 1e-6)[0];
  EXPECT_GT(smaller, published);
}

}  // namespace
}  // namespace cohort::learner

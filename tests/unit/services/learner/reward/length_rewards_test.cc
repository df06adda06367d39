#include "services/learner/reward/length_rewards.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::learner {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(OverlongTest, FallsLinearlyWithinTheBufferAndNoFurther) {
  EXPECT_EQ(OverlongPenalty(80, 100, 20), 0);
  EXPECT_DOUBLE_EQ(OverlongPenalty(90, 100, 20), -0.5);
  EXPECT_DOUBLE_EQ(OverlongPenalty(100, 100, 20), -1);
  EXPECT_DOUBLE_EQ(OverlongPenalty(150, 100, 20), -1);
  EXPECT_EQ(OverlongPenalty(100, 100, 0), 0);
}

TEST(CosineLengthTest, FallsFromOneToZeroAndStaysThereBeyondTheLimit) {
  EXPECT_DOUBLE_EQ(CosineLengthReward(0, 100, true), 1);
  EXPECT_NEAR(CosineLengthReward(50, 100, true), 0.5, 1e-12);
  EXPECT_NEAR(CosineLengthReward(100, 100, true), 0, 1e-12);
  EXPECT_NEAR(CosineLengthReward(200, 100, true), 0, 1e-12) << "a cosine that is not clamped would be 1 again";
}

TEST(CosineLengthTest, AWrongAnswerGainsNothingByBeingShort) {
  EXPECT_EQ(CosineLengthReward(1, 100, false), 0);
  EXPECT_EQ(CosineLengthReward(100, 100, false), 0);
}

TEST(GroupLengthTest, RightAnswersGetMoreTheShorterTheyAre) {
  EXPECT_THAT(GroupLengthRewards({{10, true}, {30, true}, {20, true}}), ElementsAre(DoubleEq(0.5), DoubleEq(-0.5), DoubleEq(0)));
}

TEST(GroupLengthTest, WrongAnswersNeverGain) {
  EXPECT_THAT(GroupLengthRewards({{10, false}, {30, false}, {15, true}}), ElementsAre(DoubleEq(0), DoubleEq(-0.5), DoubleEq(0.25)));
}

TEST(GroupLengthTest, EqualLengthsSayNothing) {
  EXPECT_THAT(GroupLengthRewards({{10, true}, {10, false}}), ElementsAre(0, 0));
  EXPECT_THAT(GroupLengthRewards({{10, true}}), ElementsAre(0));
  EXPECT_THAT(GroupLengthRewards({}), IsEmpty());
}

}  // namespace
}  // namespace cohort::learner

#include "common/arithmetic/worked_steps.h"

#include "common/arithmetic/problem_sampler.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::arithmetic {
namespace {

constexpr int kDraws = 20'000;

class WorkedStepsTest : public ::testing::Test {
 protected:
  random::Stream stream_{11, 0};
  ProblemSampler problems_{{}, Split::kTraining, 5};
};

TEST_F(WorkedStepsTest, AdditionCarriesFromTheOnes) {
  const Worked worked = WorkSteps({3, 289, 955, Operation::kAddition}, 0.0, stream_);
  EXPECT_EQ(worked.text, "ones 9 + 5 = 14, tens 8 + 5 + 1 = 14, hundreds 2 + 9 + 1 = 12; ");
  EXPECT_EQ(worked.result, 1244);
}

TEST_F(WorkedStepsTest, SubtractionBorrows) {
  const Worked worked = WorkSteps({3, 912, 465, Operation::kSubtraction}, 0.0, stream_);
  EXPECT_EQ(worked.text, "ones 12 - 5 = 7, tens 11 - 6 - 1 = 4, hundreds 9 - 4 - 1 = 4; ");
  EXPECT_EQ(worked.result, 447);
}

TEST_F(WorkedStepsTest, WithoutSlipsEveryResultIsRight) {
  for (int i = 0; i < kDraws; ++i) {
    const Problem problem = problems_.Next();
    ASSERT_EQ(WorkSteps(problem, 0.0, stream_).result, problem.Answer()) << problem.Text();
  }
}

TEST_F(WorkedStepsTest, SlipsSpoilTheirShareOfSteps) {
  int right = 0;
  for (int i = 0; i < kDraws; ++i) right += WorkSteps({2, 57, 21, Operation::kAddition}, 0.1, stream_).result == 78;
  EXPECT_NEAR(right / double{kDraws}, 0.9 * 0.9, 0.02);
}

TEST_F(WorkedStepsTest, AGuessIsRightInItsShare) {
  int right = 0;
  for (int i = 0; i < kDraws; ++i) {
    const Problem problem = problems_.Next();
    right += Guess(problem, 0.25, stream_) == problem.Answer();
  }
  EXPECT_NEAR(right / double{kDraws}, 0.25, 0.02);
}

TEST_F(WorkedStepsTest, AWrongGuessForgetsTheCarriesHalfTheTime) {
  int forgotten = 0;
  for (int i = 0; i < kDraws; ++i) forgotten += Guess({3, 289, 955, Operation::kAddition}, 0.0, stream_) == 1134;
  EXPECT_NEAR(forgotten / double{kDraws}, 0.5, 0.02);
}

}  // namespace
}  // namespace cohort::arithmetic

#include "common/arithmetic/problem.h"

#include <vector>

#include "common/arithmetic/problem_sampler.h"
#include "common/testing/status_matchers.h"

namespace cohort::arithmetic {
namespace {

using ::cohort::testing::StatusIs;
using ::testing::HasSubstr;

constexpr int kDraws = 20'000;

TEST(ProblemTest, IsWrittenAsAPersonWritesIt) {
  EXPECT_EQ((Problem{3, 289, 955, Operation::kAddition}).Text(), "289 + 955");
  EXPECT_EQ((Problem{2, 91, 36, Operation::kSubtraction}).Text(), "91 - 36");
}

TEST(ProblemSamplerTest, SameSeedGivesTheSameProblemsAndAnotherSeedOthers) {
  ProblemSampler first({}, Split::kTraining, 7), again({}, Split::kTraining, 7), other({}, Split::kTraining, 8);
  int same = 0;
  for (int i = 0; i < 100; ++i) {
    const Problem problem = first.Next();
    EXPECT_EQ(problem, again.Next());
    same += problem == other.Next();
  }
  EXPECT_LT(same, 5);
}

TEST(ProblemSamplerTest, StaysInItsSplit) {
  for (const Split split : {Split::kTraining, Split::kHeldOut}) {
    ProblemSampler sampler({}, split, 1);
    for (int i = 0; i < 1'000; ++i) ASSERT_EQ(SplitOf(sampler.Next()), split);
  }
}

TEST(ProblemSamplerTest, OneProblemInTenIsHeldOut) {
  int held_out = 0;
  for (int left = 100; left < 300; ++left) {
    for (int right = 100; right < 200; ++right) held_out += SplitOf({3, left, right, Operation::kAddition}) == Split::kHeldOut;
  }
  EXPECT_NEAR(held_out / 20'000.0, 0.1, 0.01);
}

TEST(ProblemSamplerTest, SharesAreThoseOfTheOptionsAndNoAnswerIsNegative) {
  ProblemSampler sampler({.two_digit_share = 0.35, .subtraction_share = 0.5}, Split::kTraining, 3);
  int two_digits = 0, subtractions = 0;
  for (int i = 0; i < kDraws; ++i) {
    const Problem problem = sampler.Next();
    two_digits += problem.digits == 2;
    subtractions += problem.operation == Operation::kSubtraction;
    ASSERT_GE(problem.Answer(), 0);
    ASSERT_GE(problem.right, problem.digits == 2 ? 10 : 100);
    ASSERT_LT(problem.left, problem.digits == 2 ? 100 : 1000);
  }
  EXPECT_NEAR(two_digits / double{kDraws}, 0.35, 0.02);
  EXPECT_NEAR(subtractions / double{kDraws}, 0.5, 0.02);
}

TEST(ProblemOptionsTest, AShareOutsideZeroToOneIsNamed) {
  EXPECT_THAT(ProblemOptions{.two_digit_share = 1.5}.Validate(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("two_digit_share is 1.5")));
}

}  // namespace
}  // namespace cohort::arithmetic

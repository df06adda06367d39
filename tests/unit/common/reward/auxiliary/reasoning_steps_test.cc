#include "common/reward/auxiliary/reasoning_steps.h"

#include <string>

#include "gtest/gtest.h"

namespace cohort::reward {
namespace {

TEST(ReasoningStepsTest, LinesThatBeginWithAMarkerAreSteps) {
  EXPECT_DOUBLE_EQ(ReasoningSteps("Step 1: add both numbers\nStep 2: halve the sum of them\nStep 3: round the result"), 1);
  EXPECT_DOUBLE_EQ(ReasoningSteps("1. add both numbers\n2) halve the sum of them"), 2.0 / 3);
  EXPECT_DOUBLE_EQ(ReasoningSteps("- add both numbers\n* halve the sum of them\n"), 2.0 / 3);
  EXPECT_DOUBLE_EQ(ReasoningSteps("First, add both numbers\nFinally, halve the sum of them"), 2.0 / 3);
  EXPECT_DOUBLE_EQ(ReasoningSteps("**Step 1:** add both numbers"), 1.0 / 3);
  EXPECT_DOUBLE_EQ(ReasoningSteps("第一步：先把两个数加起来再说\n首先我们把两个数加起来算一下\n步骤2：再把得到的和除以二就行"), 1);
}

TEST(ReasoningStepsTest, MoreStepsThanWantedEarnNoMore) {
  std::string text;
  for (int i = 1; i < 20; ++i) text += std::to_string(i) + ". look at case number " + std::to_string(i) + "\n";
  EXPECT_EQ(ReasoningSteps(text), 1);
}

TEST(ReasoningStepsTest, MarkersAloneAndRepeatedStepsEarnNothing) {
  EXPECT_EQ(ReasoningSteps("First,First,First,"), 0);
  EXPECT_EQ(ReasoningSteps("1.\n2.\n3.\n- \n"), 0);
  EXPECT_DOUBLE_EQ(ReasoningSteps("Step 1: add both numbers\nStep 2: add both numbers\nStep 3: add both numbers"), 1.0 / 3);
  EXPECT_EQ(ReasoningSteps("3.14159 is a number, 2.71828 another one\n-5 and 7 are numbers as well"), 0);
}

TEST(ReasoningStepsTest, AStepOfTheFewestCharactersCountsAndOneLessDoesNot) {
  EXPECT_DOUBLE_EQ(ReasoningSteps("1. " + std::string(kMinStepCharacters, 'a')), 1.0 / 3);
  EXPECT_EQ(ReasoningSteps("1. " + std::string(kMinStepCharacters - 1, 'a')), 0);
}

}  // namespace
}  // namespace cohort::reward

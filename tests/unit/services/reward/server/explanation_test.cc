#include "services/reward/server/explanation.h"

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::reward {
namespace {

using ::testing::HasSubstr;

TEST(ExplanationTest, EveryVerdictHasItsOwnWords) {
  std::set<std::string> seen;
  for (int verdict = v1::VERDICT_CORRECT; verdict < v1::Verdict_ARRAYSIZE; ++verdict) {
    CheckOutcome outcome;
    outcome.verdict = static_cast<v1::Verdict>(verdict);
    EXPECT_TRUE(seen.insert(DescribeRule(outcome)).second) << verdict;
  }
}

TEST(ExplanationTest, NamesTheRuleOfTheComparison) {
  CheckOutcome outcome;
  outcome.verdict = v1::VERDICT_INCORRECT;
  outcome.method = v1::METHOD_BALL;
  outcome.rule = "at 128 bits\xFF";
  EXPECT_EQ(DescribeRule(outcome), "different by certified ball arithmetic: at 128 bits?");
  outcome.verdict = v1::VERDICT_CORRECT;
  EXPECT_THAT(DescribeRule(outcome), HasSubstr("equal by"));
}

}  // namespace
}  // namespace cohort::reward

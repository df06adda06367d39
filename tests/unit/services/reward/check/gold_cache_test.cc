#include "services/reward/check/gold_cache.h"

#include <string>

#include "gtest/gtest.h"
#include "services/reward/check/check.h"
#include "services/reward/math/limits.h"

namespace cohort::reward {
namespace {

v1::Verdict Verdict(GoldCache& golds, const std::string& gold, const std::string& answer, const math::Policy& policy = {}) {
  CheckInput input;
  input.gold = gold;
  input.completion = answer;
  input.policy = policy;
  return RunCheck(input, golds).verdict;
}

TEST(GoldCacheTest, AnAnswerIsReadOnce) {
  GoldCache golds(4);
  const math::Gold* first = &golds.Read("x+1", {});
  EXPECT_EQ(&golds.Read("x+1", {}), first);
}

TEST(GoldCacheTest, VerdictsDoNotDependOnWhatIsKept) {
  GoldCache golds(1);  // Everything has the same place.
  math::Policy rounding;
  rounding.approximation = math::Approximation::kRoundToShown;
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(Verdict(golds, "3.14", "\\pi"), v1::VERDICT_INCORRECT);
    EXPECT_EQ(Verdict(golds, "3.14", "\\pi", rounding), v1::VERDICT_CORRECT);
    EXPECT_EQ(Verdict(golds, "1/2", "0.5"), v1::VERDICT_CORRECT);
    EXPECT_EQ(Verdict(golds, "1/0", "1"), v1::VERDICT_GOLD_UNPARSEABLE);
    EXPECT_EQ(Verdict(golds, "1/0", ""), v1::VERDICT_GOLD_UNPARSEABLE);
  }
}

TEST(GoldCacheTest, ReadingAgainCostsTheSameFuel) {
  const math::CompareOptions options;
  const math::Gold gold("\\frac{x^2-1}{x-1}", options, math::kMaxFuel);
  math::Fuel enough(gold.cost() + 100'000), short_of(gold.cost());
  EXPECT_EQ(gold.Compare("x+1", enough).verdict, v1::VERDICT_CORRECT);
  EXPECT_EQ(gold.Compare("x+1", short_of).verdict, v1::VERDICT_TIMEOUT);
}

}  // namespace
}  // namespace cohort::reward

// Policies of one reference answer.
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "services/reward/math/compare.h"
#include "services/reward/math/limits.h"

namespace cohort::reward::math {
namespace {

bool Correct(const std::string& gold, const std::string& answer, const Policy& policy) {
  Fuel fuel(kMaxFuel);
  return Compare(gold, answer, {policy, 7}, fuel).verdict == v1::VERDICT_CORRECT;
}

Policy With(Approximation approximation, double tolerance = 0) {
  Policy policy;
  policy.approximation = approximation;
  policy.relative_tolerance = tolerance;
  return policy;
}

TEST(PolicyTest, RoundToShownTakesWhatRoundsToTheReference) {
  const Policy policy = With(Approximation::kRoundToShown);
  for (const char* answer : {"3.14", "3.1416", "\\pi", "3.135", "3.145", "x=\\pi"}) EXPECT_TRUE(Correct("3.14", answer, policy)) << answer;
  for (const char* answer : {"3.1", "3.1451", "3.1349", "3", "\\pi+1"}) EXPECT_FALSE(Correct("3.14", answer, policy)) << answer;
  EXPECT_FALSE(Correct("\\pi", "3.14", policy)) << "the reference is no decimal";
}

TEST(PolicyTest, RelativeToleranceIsOfTheReference) {
  const Policy policy = With(Approximation::kRelative, 0.01);
  EXPECT_TRUE(Correct("100", "101", policy));
  EXPECT_FALSE(Correct("100", "101.1", policy));
  EXPECT_TRUE(Correct("\\sqrt2", "1.41", policy));
  EXPECT_FALSE(Correct("100", "x", policy));
}

TEST(PolicyTest, SixDecimalsRoundBothSides) {
  const Policy policy = With(Approximation::kSixDecimals);
  EXPECT_TRUE(Correct("\\frac13", "0.333333", policy));
  EXPECT_TRUE(Correct("\\sqrt2", "1.4142136", policy));
  EXPECT_FALSE(Correct("\\frac13", "0.3333", policy));
}

TEST(PolicyTest, ExactIsTheDefault) {
  EXPECT_FALSE(Correct("3.14", "\\pi", Policy()));
  EXPECT_FALSE(Correct("\\frac13", "0.333333333333", Policy()));
}

TEST(PolicyTest, UnitsMayBeStrippedConvertedOrRequired) {
  Policy strip, require;
  strip.units = UnitPolicy::kStrip;
  require.units = UnitPolicy::kRequire;
  EXPECT_FALSE(Correct("5\\text{ cm}", "5", Policy()));
  EXPECT_TRUE(Correct("5\\text{ cm}", "5", strip));
  EXPECT_TRUE(Correct("5", "5\\text{ cm}", strip));
  EXPECT_FALSE(Correct("5\\text{ cm}", "5\\text{ m}", strip));
  EXPECT_TRUE(Correct("5\\text{ cm}", "50\\text{ mm}", Policy()));
  EXPECT_FALSE(Correct("5\\text{ cm}", "50\\text{ mm}", require));
  EXPECT_TRUE(Correct("5\\text{ cm}", "5.0\\text{ cm}", require));
}

TEST(PolicyTest, OrderOfListsMattersOnlyWhereAsked) {
  Policy ordered;
  ordered.order_matters = true;
  EXPECT_TRUE(Correct("1, 2", "2, 1", Policy()));
  EXPECT_FALSE(Correct("1, 2", "2, 1", ordered));
  EXPECT_TRUE(Correct("1, 2", "1, 2.0", ordered));
}

TEST(PolicyTest, NamesBeforeTheValueAndInequalitiesCanBeInsistedOn) {
  Policy strict;
  strict.assignment_lhs_optional = false;
  strict.interval_is_inequality = false;
  EXPECT_TRUE(Correct("5", "x=5", Policy()));
  EXPECT_FALSE(Correct("5", "x=5", strict));
  EXPECT_TRUE(Correct("x>2", "(2,\\infty)", Policy()));
  EXPECT_FALSE(Correct("x>2", "(2,\\infty)", strict));
}

TEST(PolicyTest, WordsAreFoldedUnlessTheyCountAsWritten) {
  Policy written;
  written.fold_text = false;
  for (const auto& [gold, answer] : {std::pair("Tuesday", "tuesday"), std::pair("no solution", "No solutions"), std::pair("red and blue", "Red and blue")}) {
    EXPECT_TRUE(Correct(gold, answer, Policy())) << answer;
    EXPECT_FALSE(Correct(gold, answer, written)) << answer;
  }
  EXPECT_TRUE(Correct("Tuesday", " \\text{Tuesday} ", written)) << "trimmed";
  EXPECT_TRUE(Correct("red and blue", "blue and red", written)) << "a list";
  EXPECT_TRUE(Correct("1/2", "0.5", written)) << "no words";
}

TEST(PolicyTest, LiteralOnlyRefusesTheCopiedQuestion) {
  Policy literal;
  literal.literal_only = true;
  EXPECT_TRUE(Correct("5", "2+3", Policy()));
  EXPECT_FALSE(Correct("5", "2+3", literal));
  for (const char* answer : {"5", "5.0", "10/2", "\\frac{10}{2}", "-(-5)", "500\\%", "x=5"}) EXPECT_TRUE(Correct("5", answer, literal)) << answer;
}

}  // namespace
}  // namespace cohort::reward::math

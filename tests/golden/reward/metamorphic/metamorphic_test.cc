// The generator is right by its own lights, and the grader agrees with it on a slice of pairs; `tests/metamorphic` runs a million.
#include <algorithm>
#include <cstdlib>

#include "gtest/gtest.h"
#include "tests/golden/reward/metamorphic/grow.h"
#include "tests/golden/reward/metamorphic/hunt.h"
#include "tests/golden/reward/metamorphic/mutate.h"
#include "tests/golden/reward/metamorphic/rewrite.h"
#include "tests/golden/reward/metamorphic/shrink.h"
#include "tests/golden/reward/row_verdict.h"

namespace cohort::reward::metamorphic {
namespace {

constexpr uint64_t kSeed = 20'251'125;

TEST(GeneratorTest, RewritesKeepTheValueAndMutationsChangeIt) {
  int clear = 0, mutated = 0;
  for (uint64_t seed = kSeed; seed < kSeed + 4'000; ++seed) {
    Choices choices(seed);
    const TreePtr tree = Grow(static_cast<Flavour>(choices.Below(kFlavours)), choices);
    const Likeness likeness = Liken(tree, Rewrite(tree, 3, choices));
    EXPECT_NE(likeness, Likeness::kDifferent) << "seed " << seed;
    clear += likeness == Likeness::kSame;
    mutated += Mutate(tree, choices) != nullptr;
  }
  EXPECT_GT(clear, 3'000) << "too many values cannot be checked";
  EXPECT_GT(mutated, 3'000);
}

TEST(GeneratorTest, MakesEveryKindAndTheSameCaseFromTheSameSeed) {
  std::map<std::string_view, int> kinds;
  for (uint64_t seed = 0; seed < 2'000; ++seed) {
    Choices choices(seed), again(seed);
    const Case made = MakeCase(choices);
    EXPECT_EQ(made.same, MakeCase(again).same);
    Choices replay(choices.taken());
    EXPECT_EQ(made.same, MakeCase(replay).same);
    EXPECT_EQ(made.same.size(), 3);
    ++kinds[made.kind];
  }
  EXPECT_EQ(kinds.size(), Kinds().size());
}

// The grader with one more hole, to show that the hunt finds it and shrinks it to what matters.
v1::Verdict TakesAnyTwoSevens(const std::string& gold, const std::string& answer) {
  const auto has_seven = [](const std::string& text) { return text.find('7') != std::string::npos; };
  return has_seven(gold) && has_seven(answer) ? v1::VERDICT_CORRECT : CompareAnswers(gold, answer);
}

TEST(ShrinkTest, FindsTheSmallestPairOfAHole) {
  const HuntReport report = Hunt(kSeed, 2'000, TakesAnyTwoSevens, /*most_finds=*/1);
  ASSERT_FALSE(report.finds.empty());
  size_t smallest = 1'000;
  for (const Find& find : report.finds) {
    if (find.failure.fault == Fault::kAccepted) smallest = std::min(smallest, find.failure.gold.size() + find.failure.answer.size());
  }
  EXPECT_LE(smallest, 6) << "7 and -7, or the like";
}

TEST(ShrinkTest, LeavesOutWhatDoesNotMatter) {
  const std::vector<uint32_t> start = {7, 3, 9, 12, 4, 8, 100, 2, 1};
  const auto cost = [](const std::vector<uint32_t>& list) -> int64_t {
    for (const uint32_t value : list) {
      if (value >= 10) return static_cast<int64_t>(list.size());
    }
    return -1;
  };
  EXPECT_EQ(Shrink(start, cost), std::vector<uint32_t>{10});
}

TEST(ExamineTest, NamesTheLawThatIsBroken) {
  const Case made{"test", {"a", "b", "c"}, {"d"}};
  Tally tally;
  const auto fault = [&](const Grader& grade) { return FaultName(Examine(made, grade, tally)->fault); };
  const auto always = [](v1::Verdict verdict) { return [verdict](const std::string&, const std::string&) { return verdict; }; };
  const auto group = [](const std::string& text) { return text == "d"; };
  EXPECT_EQ(fault(always(v1::VERDICT_CORRECT)), "accepted");
  EXPECT_EQ(fault(always(v1::VERDICT_INCORRECT)), "not reflexive");
  EXPECT_EQ(fault(always(v1::VERDICT_PRED_UNPARSEABLE)), "unreadable");
  EXPECT_EQ(fault([](const auto& a, const auto& b) { return a == b ? v1::VERDICT_CORRECT : v1::VERDICT_UNKNOWN; }), "rejected");
  EXPECT_EQ(fault([](const auto& a, const auto& b) { return a <= b ? v1::VERDICT_CORRECT : v1::VERDICT_INCORRECT; }), "not symmetric");
  EXPECT_EQ(fault([](const auto& a, const auto& b) { return std::abs(a[0] - b[0]) < 2 ? v1::VERDICT_CORRECT : v1::VERDICT_INCORRECT; }), "not transitive");
  const Grader right = [&](const std::string& a, const std::string& b) { return group(a) == group(b) ? v1::VERDICT_CORRECT : v1::VERDICT_INCORRECT; };
  EXPECT_FALSE(Examine(made, right, tally).has_value());
}

TEST(MetamorphicTest, TwentyThousandPairsGetTheVerdictTheyWereMadeFor) {
  const HuntReport report = Hunt(kSeed, 20'000, CompareAnswers);
  for (const Find& find : report.finds) ADD_FAILURE() << find.Describe();
  EXPECT_LE(report.tally.undecided, report.tally.pairs / 1'000);
}

}  // namespace
}  // namespace cohort::reward::metamorphic

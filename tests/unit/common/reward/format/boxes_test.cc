#include "common/reward/format/boxes.h"

#include <string>

#include "gtest/gtest.h"

namespace cohort::reward {
namespace {

using Kind = BoxedAnswer::Kind;

std::string Boxed(const std::string& text) {
  const BoxedAnswer answer = FindBoxedAnswer(text, {0, text.size()});
  if (answer.kind == Kind::kNoBox) return "(no box)";
  if (answer.kind == Kind::kUnterminated) return "(unterminated)";
  return TextOf(answer, text);
}

TEST(BoxesTest, FindsTheContentOfABox) {
  EXPECT_EQ(Boxed("so \\boxed{42}."), "42");
  EXPECT_EQ(Boxed("so \\fbox{42}"), "42");
  EXPECT_EQ(Boxed("$\\boxed{\\frac{1}{2}}$"), "\\frac{1}{2}");
  EXPECT_EQ(Boxed("\\boxed { 42 }"), "42");
  EXPECT_EQ(Boxed("\\boxed\n{42}"), "42");
  EXPECT_EQ(Boxed("\\boxed 42 is it"), "42");
  EXPECT_EQ(Boxed("$\\boxed 7$"), "7");
  EXPECT_EQ(Boxed("$\\boxed -\\frac{1}{2}$"), "-\\frac{1}{2}");
  EXPECT_EQ(Boxed("\\(\\boxed\\pi\\)"), "\\pi");
  EXPECT_EQ(Boxed("\\boxed 1,234, as said"), "1,234");
  EXPECT_EQ(Boxed("\\boxed 1, \\boxed 2"), "1, 2");
  EXPECT_EQ(Boxed("\\[\\boxed 3\\text{ cm}\\]"), "3\\text{ cm}");
  EXPECT_EQ(Boxed("\\boxed{}"), "");
}

TEST(BoxesTest, KnowsEscapedBracesBackslashesAndPercentSigns) {
  EXPECT_EQ(Boxed("\\boxed{\\{1,2\\}}"), "\\{1,2\\}");
  EXPECT_EQ(Boxed("\\boxed{a\\}b}"), "a\\}b");
  EXPECT_EQ(Boxed("\\boxed{50\\%}"), "50\\%");
  EXPECT_EQ(Boxed("50% of it: \\boxed{50%} done"), "50%");
  EXPECT_EQ(Boxed("\\boxed{1 \\\\ 2}"), "1 \\\\ 2");
  EXPECT_EQ(Boxed("\\boxed{\\text{a } b}"), "\\text{a } b");
}

TEST(BoxesTest, IgnoresWhatOnlyBeginsLikeABox) {
  EXPECT_EQ(Boxed("\\boxedfoo{1}"), "(no box)");
  EXPECT_EQ(Boxed("boxed{1}"), "(no box)");
  EXPECT_EQ(Boxed("\\\\boxed{1}"), "(no box)");
  EXPECT_EQ(Boxed(""), "(no box)");
}

TEST(BoxesTest, TheLastOfSeveralBoxesCorrectsTheOthers) {
  EXPECT_EQ(Boxed("\\boxed{5} no, wait: \\boxed{3}"), "3");
  EXPECT_EQ(Boxed("\\boxed{1} \\boxed{2} hmm \\boxed{3}"), "3");
}

TEST(BoxesTest, BoxesWithNothingButJoinersBetweenAreOneList) {
  EXPECT_EQ(Boxed("\\boxed{1}, \\boxed{2}"), "1, 2");
  EXPECT_EQ(Boxed("$\\boxed{1}$ and $\\boxed{2}$"), "1, 2");
  EXPECT_EQ(Boxed("\\boxed{1} or \\boxed{2}; and \\boxed{3}"), "1, 2, 3");
  EXPECT_EQ(Boxed("\\boxed{0} then \\boxed{1},\\boxed{234}"), "1, 234");
  EXPECT_EQ(Boxed("\\(\\boxed{1}\\) and \\(\\boxed{2}\\)"), "1, 2");
  EXPECT_EQ(Boxed("$$\\boxed{1} \\quad\\text{ or }\\, \\boxed{2}$$"), "1, 2");
  EXPECT_EQ(Boxed("\\boxed{1} \\text{ then } \\boxed{2}"), "2");
  EXPECT_EQ(Boxed("\\boxed{1} \\neq \\boxed{2}"), "2");
  EXPECT_EQ(Boxed("\\boxed{1} \\text{ or"), "1");
  EXPECT_EQ(Boxed("\\boxed{1} nor \\boxed{2}"), "2");
  EXPECT_EQ(Boxed("\\boxed{1} andor \\boxed{2}"), "2");
}

TEST(BoxesTest, AJoinedListSpansAllItsBoxes) {
  const std::string text = "so \\boxed{1}, \\boxed{2} .";
  const BoxedAnswer answer = FindBoxedAnswer(text, {0, text.size()});
  EXPECT_EQ(answer.span.In(text), "\\boxed{1}, \\boxed{2}");
}

TEST(BoxesTest, AnUnterminatedLastBoxIsNoAnswerAndHidesWhatFollows) {
  EXPECT_EQ(Boxed("\\boxed{5} or rather \\boxed{6"), "(unterminated)");
  EXPECT_EQ(Boxed("\\boxed{5 \\boxed{6}"), "(unterminated)");
  EXPECT_EQ(Boxed("\\boxed"), "(unterminated)");
  EXPECT_EQ(Boxed("\\(\\boxed\\)"), "(unterminated)");
  EXPECT_EQ(Boxed("\\boxed{5\\}"), "(unterminated)");
}

TEST(BoxesTest, UnwrapsABoxThatHoldsNothingButABox) {
  EXPECT_EQ(Boxed("\\boxed{\\boxed{5}}"), "5");
  EXPECT_EQ(Boxed("\\boxed{ \\fbox{\\boxed{5}} }"), "5");
  EXPECT_EQ(Boxed("\\boxed{$\\boxed{5}$.}"), "5");
  EXPECT_EQ(Boxed("\\boxed{\\(\\fbox 5\\)}"), "5");
  EXPECT_EQ(Boxed("\\boxed{x = \\boxed{5}}"), "x = \\boxed{5}");
}

TEST(BoxesTest, ABoxInsideAFormulaIsNotAtTheTop) {
  EXPECT_EQ(Boxed("\\frac{\\boxed{1}}{2}"), "(no box)");
  EXPECT_EQ(Boxed("\\frac{1}{\\boxed{2}}"), "(no box)");
  EXPECT_EQ(Boxed("\\sqrt{\\boxed{2}}"), "(no box)");
  EXPECT_EQ(Boxed("x^{\\boxed{2}}"), "(no box)");
  EXPECT_EQ(Boxed("\\boxed{5} \\frac{\\boxed{1}}{2}"), "5");
}

TEST(BoxesTest, AGroupOrAStyleAroundABoxDoesNotHideIt) {
  EXPECT_EQ(Boxed("{\\Large \\boxed{5}}"), "5");
  EXPECT_EQ(Boxed("\\textbf{Answer: \\boxed{5}}"), "5");
  EXPECT_EQ(Boxed("\\text{so } \\boxed{5}"), "5");
  EXPECT_EQ(Boxed("\\color{red}{\\boxed{5}}"), "5");
  EXPECT_EQ(Boxed("the set {1, 2 and \\boxed{5}"), "5");
}

TEST(BoxesTest, OnlyTheSegmentIsSearched) {
  const std::string text = "\\boxed{1} | \\boxed{2} | \\boxed{3}";
  const BoxedAnswer answer = FindBoxedAnswer(text, {10, 22});
  ASSERT_EQ(answer.kind, Kind::kFound);
  EXPECT_EQ(answer.span, (Span{19, 20}));
}

TEST(BoxesTest, TakesTimeLinearInUnmatchedAndNestedBoxes) {
  std::string unmatched, nested;
  for (int i = 0; i < 100'000; ++i) unmatched += "\\boxed{";
  nested = unmatched + "5" + std::string(100'000, '}');
  EXPECT_EQ(Boxed("$" + unmatched), "(unterminated)");
  EXPECT_EQ(Boxed(nested), "5");
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += "\\boxed{1},";
  EXPECT_EQ(FindBoxedAnswer(many, {0, many.size()}).parts.size(), 100'000u);
}

}  // namespace
}  // namespace cohort::reward

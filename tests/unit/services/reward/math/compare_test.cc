#include "services/reward/math/compare.h"

#include <string>

#include "gtest/gtest.h"
#include "services/reward/math/limits.h"

namespace cohort::reward::math {
namespace {

std::string Verdict(const std::string& gold, const std::string& answer) {
  Fuel fuel(kMaxFuel);
  return v1::Verdict_Name(Compare(gold, answer, fuel).verdict).substr(sizeof("VERDICT_") - 1);
}

struct Pair {
  const char* a;
  const char* b;
};

class SameTest : public testing::TestWithParam<Pair> {};
TEST_P(SameTest, IsCorrectBothWaysRound) {
  EXPECT_EQ(Verdict(GetParam().a, GetParam().b), "CORRECT") << GetParam().a << " | " << GetParam().b;
  EXPECT_EQ(Verdict(GetParam().b, GetParam().a), "CORRECT") << GetParam().b << " | " << GetParam().a;
}

class OtherTest : public testing::TestWithParam<Pair> {};
TEST_P(OtherTest, IsIncorrectBothWaysRound) {
  EXPECT_EQ(Verdict(GetParam().a, GetParam().b), "INCORRECT") << GetParam().a << " | " << GetParam().b;
  EXPECT_EQ(Verdict(GetParam().b, GetParam().a), "INCORRECT") << GetParam().b << " | " << GetParam().a;
}

INSTANTIATE_TEST_SUITE_P(Numbers, SameTest,
                         testing::Values(Pair{"1/2", "50\\%"}, Pair{"1/2", "½"}, Pair{"1234", "1,234"}, Pair{"\\frac{\\sqrt2}{2}", "\\frac{1}{\\sqrt2}"},
                                         Pair{"\\sqrt{3+2\\sqrt2}", "1+\\sqrt2"}, Pair{"\\sin 18^\\circ", "\\frac{\\sqrt5-1}{4}"}, Pair{"\\frac{1-i}{2}", "\\frac{1}{1+i}"},
                                         Pair{"1+i", "\\sqrt2e^{i\\pi/4}"}, Pair{"\\frac12", "\\cos\\frac{\\pi}{7}-\\cos\\frac{2\\pi}{7}+\\cos\\frac{3\\pi}{7}"},
                                         Pair{"2", "\\log_3 9"}, Pair{"45^\\circ", "\\frac{\\pi}{4}"}, Pair{"-2", "(-8)^{1/3}"}));
INSTANTIATE_TEST_SUITE_P(Numbers, OtherTest,
                         testing::Values(Pair{"1/3", "0.3333333333333333"}, Pair{"50%", "50"}, Pair{"28", "28%"}, Pair{"9007199254740993", "9007199254740992"},
                                         Pair{"\\pi", "\\frac{355}{113}"}, Pair{"\\sqrt2", "1.41421356237309504880168872420969807856967187537694"}, Pair{"\\infty", "5"},
                                         Pair{"\\infty", "-\\infty"}, Pair{"204_5", "204_6"}));
INSTANTIATE_TEST_SUITE_P(Expressions, SameTest,
                         testing::Values(Pair{"(x+1)^2", "x^2+2x+1"}, Pair{"\\sin^2x+\\cos^2x", "1"}, Pair{"\\sqrt{8x}", "2\\sqrt{2x}"}, Pair{"\\frac{n(n+1)}{2}", "\\binom{n+1}{2}"},
                                         Pair{"\\sum_{k=1}^n k", "\\frac{n(n+1)}{2}"}, Pair{"(-1)^n", "\\cos(n\\pi)"}, Pair{"2^{n+1}", "2\\cdot2^n"}, Pair{"a^{x+y}", "a^xa^y"}));
INSTANTIATE_TEST_SUITE_P(Expressions, OtherTest,
                         testing::Values(Pair{"x", "\\sqrt{x^2}"}, Pair{"x+y", "x-y"}, Pair{"(x+1)^2", "x^2+1"}, Pair{"\\sin 2x", "2\\sin x"}, Pair{"|x+y|", "|x|+|y|"}, Pair{"\\sqrt{(x-y)^2}", "x-y"}, Pair{"\\tanh(1000)", "1"}, Pair{"\\triangle ABC", "\\angle ABC"}, Pair{"ab", "ac"}, Pair{"x", "X"}));
INSTANTIATE_TEST_SUITE_P(Structures, SameTest,
                         testing::Values(Pair{"\\{1,2\\}", "2,1"}, Pair{"\\pm2", "2,-2"}, Pair{"x=\\pm2", "x^2=4"}, Pair{"x\\ge2", "[2,\\infty)"}, Pair{"x^2<1", "-1<x<1"},
                                         Pair{"(0,1)\\cup[1,2)", "(0,2)"}, Pair{"\\mathbb{R}\\setminus\\{0\\}", "x\\ne0"}, Pair{"3:4", "9:12"}, Pair{"y=\\frac1x", "xy=1"}, Pair{"x=1,0", "x(x-1)=0"}, Pair{"2\\int_0^1e^{-x^2}\\,dx", "\\int_0^1e^{-x^2}\\,dx\\cdot2"}, Pair{"x=1,y=2", "y=2,x=1"},
                                         Pair{"y=2x+1", "2x-y+1=0"}, Pair{"x\\equiv3\\pmod5", "x\\equiv-2\\pmod5"}, Pair{"\\{1,2,3\\}", "\\{x\\in\\mathbb{Z}:1\\le x\\le3\\}"},
                                         Pair{"500\\text{ cm}", "5\\text{ m}"}, Pair{"2:30\\text{ PM}", "14:30"}, Pair{"A", "\\text{(A)}"}, Pair{"(1,2)", "\\begin{pmatrix}1\\\\2\\end{pmatrix}"},
                                         Pair{"x<\\sqrt2", "2x-\\sqrt8<0"}));
INSTANTIATE_TEST_SUITE_P(Structures, OtherTest,
                         testing::Values(Pair{"(1,2)", "(2,1)"}, Pair{"(1,2)", "\\{1,2\\}"}, Pair{"(1,2)", "[1,2]"}, Pair{"1,2", "12"}, Pair{"42", "42\\text{ or }41"},
                                         Pair{"x>2", "x\\ge2"}, Pair{"5\\text{ cm}", "5\\text{ m}"}, Pair{"x=1,y=2", "x=2,y=1"}, Pair{"x=1", "x^2=x"}, Pair{"\\emptyset", "\\{0\\}"},
                                         Pair{"x=1, y=2\\text{ or }x=3, y=4", "x=1, y=4\\text{ or }x=3, y=2"}, Pair{"yes", "no"}, Pair{"x^2=-1", "x^2=-2"}));

TEST(CompareTest, AChainWithAFalseLinkIsIncorrectThoughItEndsRight) {
  EXPECT_EQ(Verdict("42", "42=42"), "CORRECT");
  EXPECT_EQ(Verdict("42", "41=42"), "INCORRECT");
  EXPECT_EQ(Verdict("7", "x=1=2=3=7"), "INCORRECT");
  EXPECT_EQ(Verdict("\\sqrt2", "\\sqrt2\\approx1.414"), "CORRECT");
  EXPECT_EQ(Verdict("1.414", "\\sqrt2\\approx1.414"), "INCORRECT");
}

TEST(CompareTest, WhatCannotBeParsedSaysOnWhichSide) {
  EXPECT_EQ(Verdict("42", "\\frac{42"), "PRED_UNPARSEABLE");
  EXPECT_EQ(Verdict("\\frac{42", "42"), "GOLD_UNPARSEABLE");
  EXPECT_EQ(Verdict("1=2", "2"), "GOLD_UNPARSEABLE");
  EXPECT_EQ(Verdict("", "42"), "GOLD_UNPARSEABLE");
  EXPECT_EQ(Verdict("42", ""), "PRED_UNPARSEABLE");
}

TEST(CompareTest, TheReferenceDecidesWhatACommaMeans) {
  EXPECT_EQ(Verdict("1234", "1,234"), "CORRECT");
  EXPECT_EQ(Verdict("1, 234", "1,234"), "CORRECT");
  EXPECT_EQ(Verdict("(1,234)", "(1, 234)"), "CORRECT");
  EXPECT_EQ(Verdict("1,234", "1, 234"), "INCORRECT");
}

TEST(CompareTest, WhatCannotBeShownIsUnknown) {
  EXPECT_EQ(Verdict("\\int_0^1x\\,dx", "\\frac12"), "UNKNOWN");
  EXPECT_EQ(Verdict("\\int_0^1x\\,dx", "\\int_0^1t\\,dt"), "CORRECT");
}

TEST(CompareTest, OutOfFuelIsATimeout) {
  Fuel fuel(50);
  EXPECT_EQ(Compare("1/2", std::string(500, '1'), fuel).verdict, v1::VERDICT_TIMEOUT);
}

TEST(CompareTest, SaysByWhichMethodItDecided) {
  const auto method = [](const char* gold, const char* answer) {
    Fuel fuel(kMaxFuel);
    return Compare(gold, answer, fuel).method;
  };
  EXPECT_EQ(method("1/2", "0.5"), v1::METHOD_EXACT);
  EXPECT_EQ(method("x+1", "1+x"), v1::METHOD_STRUCTURAL);
  EXPECT_EQ(method("\\sqrt8", "2\\sqrt2"), v1::METHOD_STRUCTURAL);
  EXPECT_EQ(method("\\sqrt8", "2\\sqrt2+1"), v1::METHOD_EXACT);
  EXPECT_EQ(method("\\sqrt{3+2\\sqrt2}", "1+\\sqrt2"), v1::METHOD_BALL);
  EXPECT_EQ(method("(x+1)^2", "x^2+2x+1"), v1::METHOD_MODULAR);
  EXPECT_EQ(method("9^{9^9}", "3^{2\\cdot9^9}"), v1::METHOD_MODULAR);
  EXPECT_EQ(method("yes", "no"), v1::METHOD_TEXT);
}

TEST(CompareTest, TheSecretChangesNoVerdict) {
  for (uint64_t secret = 0; secret < 50; ++secret) {
    Fuel fuel(kMaxFuel);
    EXPECT_EQ(Compare("\\sin 2x", "2\\sin x\\cos x", {Policy(), secret}, fuel).verdict, v1::VERDICT_CORRECT);
    EXPECT_EQ(Compare("\\sin 2x", "2\\sin x\\cos y", {Policy(), secret}, fuel).verdict, v1::VERDICT_INCORRECT);
  }
}

TEST(GoldErrorTest, SaysWhatIsWrongForAPerson) {
  Fuel fuel(kMaxFuel);
  EXPECT_EQ(GoldError("1/2", fuel), "");
  EXPECT_EQ(GoldError("1/0", fuel), "it divides by zero");
  EXPECT_EQ(GoldError("1=2", fuel), "its two sides are not equal");
  EXPECT_EQ(GoldError("", fuel), "it is empty");
  EXPECT_EQ(GoldError("2+)", fuel), "a value was expected at 3: ')'");
}

}  // namespace
}  // namespace cohort::reward::math

#include "services/reward/math/answer_parser.h"

#include <string>

#include "gtest/gtest.h"
#include "services/reward/math/limits.h"
#include "services/reward/math/normalize.h"

namespace cohort::reward::math {
namespace {

// The value in lowest terms, "false: value" when a link of the chain does not hold, or "(error)".
std::string Value(const std::string& text) {
  Fuel fuel(kMaxFuel);
  const ParseResult result = ParseAnswer(text, kMaxGoldBytes, fuel);
  if (!result.answer.has_value()) {
    EXPECT_FALSE(result.error.empty()) << text;
    return "(error)";
  }
  return (result.answer->chain_holds ? "" : "false: ") + result.answer->value.ToString();
}

struct Case {
  const char* text;
  const char* value;
};

class ParseTest : public testing::TestWithParam<Case> {};
TEST_P(ParseTest, HasThisValue) { EXPECT_EQ(Value(GetParam().text), GetParam().value) << GetParam().text; }

INSTANTIATE_TEST_SUITE_P(Integers, ParseTest,
                         testing::Values(Case{"0", "0"}, Case{"42", "42"}, Case{"-42", "-42"}, Case{"+42", "42"}, Case{"- 5", "-5"}, Case{"007", "7"},
                                         Case{"-0", "0"}, Case{"\u22125", "-5"}, Case{" 5 ", "5"}, Case{"\n5\t", "5"},
                                         Case{"123456789012345678901234567890", "123456789012345678901234567890"}));
INSTANTIATE_TEST_SUITE_P(Decimals, ParseTest,
                         testing::Values(Case{"0.5", "1/2"}, Case{".5", "1/2"}, Case{"-.5", "-1/2"}, Case{"3.50", "7/2"}, Case{"5.0", "5"},
                                         Case{"0.1", "1/10"}, Case{"00.5", "1/2"}, Case{"0.000", "0"},
                                         Case{"0.3333333333333333", "3333333333333333/10000000000000000"}));
INSTANTIATE_TEST_SUITE_P(RepeatingDecimals, ParseTest,
                         testing::Values(Case{"0.\\overline{3}", "1/3"}, Case{"0.1\\overline{6}", "1/6"}, Case{"2.\\overline{45}", "27/11"},
                                         Case{"0.\\dot{3}", "1/3"}, Case{"-0.\\overline{9}", "-1"}, Case{"0.\\overline{0}", "0"},
                                         Case{"0.\\overline{}", "(error)"}, Case{"0.\\overline3", "(error)"}, Case{"0.\\dot{12}", "(error)"},
                                         Case{"\\overline{3}", "(error)"}));
INSTANTIATE_TEST_SUITE_P(Fractions, ParseTest,
                         testing::Values(Case{"1/2", "1/2"}, Case{"-3/4", "-3/4"}, Case{"6/4", "3/2"}, Case{"4/2", "2"}, Case{"1 / 2", "1/2"},
                                         Case{"1.5/2", "3/4"}, Case{"1,000/4", "250"}, Case{"0/5", "0"}, Case{"\\frac{1}{2}", "1/2"},
                                         Case{"\\frac12", "1/2"}, Case{"\\frac1{2}", "1/2"}, Case{"\\frac{1}2", "1/2"}, Case{"\\frac 1 2", "1/2"},
                                         Case{"\\dfrac{3}{4}", "3/4"}, Case{"\\tfrac34", "3/4"}, Case{"\\cfrac{3}{4}", "3/4"},
                                         Case{"-\\frac{1}{2}", "-1/2"}, Case{"\\frac{-1}{2}", "-1/2"}, Case{"\\frac{1}{-2}", "-1/2"},
                                         Case{"-\\frac{-1}{2}", "1/2"}, Case{"\\frac{-1}{-2}", "1/2"}, Case{"\\frac{ 10 }{ 4 }", "5/2"},
                                         Case{"\\frac{1,000}{3}", "1000/3"}, Case{"1\u20442", "1/2"}, Case{"½", "1/2"}, Case{"-⅔", "-2/3"}));
INSTANTIATE_TEST_SUITE_P(MixedNumbers, ParseTest,
                         testing::Values(Case{"2\\frac12", "5/2"}, Case{"-2\\frac{1}{2}", "-5/2"}, Case{"2 \\frac{1}{3}", "7/3"}, Case{"2 1/2", "5/2"},
                                         Case{"-2 1/2", "-5/2"}, Case{"2½", "5/2"}, Case{"1,234 1/2", "2469/2"}, Case{"2\\frac{3}{2}", "(error)"},
                                         Case{"2 3/2", "(error)"}, Case{"2\\frac{2}{2}", "(error)"}, Case{"2\\frac{0}{2}", "(error)"},
                                         Case{"2\\frac{-1}{2}", "(error)"}, Case{"2.5\\frac12", "(error)"}, Case{"2 1", "(error)"},
                                         Case{"2 1.5/2", "(error)"}, Case{"2 1/2 1/2", "(error)"}));
INSTANTIATE_TEST_SUITE_P(Percent, ParseTest,
                         testing::Values(Case{"50%", "1/2"}, Case{"50\\%", "1/2"}, Case{"50 \\%", "1/2"}, Case{"-12.5%", "-1/8"}, Case{"100%", "1"},
                                         Case{"1/2%", "1/200"}, Case{"\\frac12\\%", "1/200"}, Case{"1,000%", "10"}, Case{"50%%", "(error)"},
                                         Case{"%", "(error)"}, Case{"%50", "(error)"}, Case{"50%5", "(error)"}));
INSTANTIATE_TEST_SUITE_P(Thousands, ParseTest,
                         testing::Values(Case{"1,234", "1234"}, Case{"12,345,678", "12345678"}, Case{"1,234.5", "2469/2"}, Case{"1{,}234", "1234"},
                                         Case{"1\\,234", "1234"}, Case{"10,\\!080", "10080"}, Case{"-1,234", "-1234"}, Case{"１，２３４", "1234"},
                                         Case{"12,34", "(error)"}, Case{"1,2345", "(error)"}, Case{"1234,567", "(error)"}, Case{"0,123", "(error)"},
                                         Case{"1,234,56", "(error)"}, Case{"1, 234", "(error)"}, Case{"1 234", "(error)"}, Case{",234", "(error)"},
                                         Case{"1,,234", "(error)"}, Case{"0.123,456", "(error)"}, Case{"1,", "(error)"}));
INSTANTIATE_TEST_SUITE_P(FreeTokens, ParseTest,
                         testing::Values(Case{"5.", "5"}, Case{"$5$", "5"}, Case{"$$5$$", "5"}, Case{"\\(5\\)", "5"}, Case{"\\[ 5 \\]", "5"},
                                         Case{"$5$.", "5"}, Case{"$5.$", "5"}, Case{"0.5.", "1/2"}, Case{"5。", "5"}, Case{"5..", "(error)"},
                                         Case{"$5.$.", "(error)"}, Case{"$5", "(error)"}, Case{"5$", "(error)"}, Case{"\\(5$", "(error)"},
                                         Case{"\\$5", "(error)"}, Case{"$\\(5\\)$", "(error)"}, Case{".", "(error)"}, Case{"$", "(error)"},
                                         Case{"$$", "(error)"}, Case{"", "(error)"}, Case{" ", "(error)"}));
INSTANTIATE_TEST_SUITE_P(Chains, ParseTest,
                         testing::Values(Case{"1/2=0.5", "1/2"}, Case{"1/2 = 0.5 = 50\\%", "1/2"}, Case{"41=42", "false: 42"},
                                         Case{"1=2=1", "false: 1"}, Case{"2 = 2.0", "2"}, Case{"=5", "(error)"}, Case{"5=", "(error)"},
                                         Case{"5==5", "(error)"}, Case{"x=5", "(error)"}, Case{"x=1=2=3=7", "(error)"}));
INSTANTIATE_TEST_SUITE_P(Approximations, ParseTest,
                         testing::Values(Case{"\\frac13 \\approx 0.333", "1/3"}, Case{"1/3 ≈ 0.33", "1/3"}, Case{"2/3 \\approx 0.67", "2/3"},
                                         Case{"2/3 \\approx 0.66", "false: 2/3"}, Case{"\\frac{22}{7}\\approx3", "22/7"},
                                         Case{"0.125 \\approx 0.13", "1/8"}, Case{"1/3 \\approx 33.3\\%", "1/3"}, Case{"1/3 \\approx 33.4\\%", "false: 1/3"},
                                         Case{"1/3 \\approx 2/6", "1/3"}, Case{"1/3 \\approx 3/10", "false: 1/3"},
                                         Case{"1/3 \\approx 0.3 = 0.3", "(error)"}, Case{"\\approx 0.3", "(error)"}, Case{"1/3 \\approxy 0.3", "(error)"}));
INSTANTIATE_TEST_SUITE_P(NoSalvage, ParseTest,
                         testing::Values(Case{"42 apples", "(error)"}, Case{"x", "(error)"}, Case{"about 42", "(error)"}, Case{"42 or 41", "(error)"},
                                         Case{"42, 41", "(error)"}, Case{"1+1", "(error)"}, Case{"289 + 955", "(error)"}, Case{"2*3", "(error)"},
                                         Case{"2^3", "(error)"}, Case{"(5)", "(error)"}, Case{"--5", "(error)"}, Case{"+-5", "(error)"},
                                         Case{"1//2", "(error)"}, Case{"1/2/3", "(error)"}, Case{"1/", "(error)"}, Case{"/2", "(error)"},
                                         Case{"1/0", "(error)"}, Case{"\\frac{1}{0}", "(error)"}, Case{"\\frac{1}{0.0}", "(error)"},
                                         Case{"1e5", "(error)"}, Case{"0x10", "(error)"}, Case{"1.2.3", "(error)"}, Case{"\\frac{1}", "(error)"},
                                         Case{"\\frac", "(error)"}, Case{"\\frac{}{2}", "(error)"}, Case{"\\frac{1}{2", "(error)"},
                                         Case{"\\frac{1}{2}}", "(error)"}, Case{"\\frac123", "(error)"}, Case{"\\fracx12", "(error)"},
                                         Case{"\\frac{\\frac12}{3}", "(error)"}, Case{"\\sqrt{4}", "(error)"}, Case{"\\boxed{5}", "(error)"},
                                         Case{"\\text{5}", "(error)"}, Case{"infinity", "(error)"}, Case{"nan", "(error)"}));
INSTANTIATE_TEST_SUITE_P(Unicode, ParseTest,
                         testing::Values(Case{"４２", "42"}, Case{"－４２", "-42"}, Case{"５０％", "1/2"}, Case{"１／２", "1/2"}, Case{"3．5", "7/2"},
                                         Case{"4\u200B2", "(error)"}, Case{"\u0664\u0662", "(error)"}, Case{"4²", "(error)"}, Case{"х", "(error)"},
                                         Case{"４a", "(error)"}, Case{"5。0", "(error)"}, Case{"\xFF", "(error)"}, Case{"5\x01", "(error)"},
                                         Case{"\uFF41", "(error)"}, Case{"–5", "(error)"}));

TEST(LimitTest, ALiteralOfMostDigitsPassesAndOneMoreDoesNot) {
  EXPECT_NE(Value(std::string(kMaxDigits, '7')), "(error)");
  EXPECT_EQ(Value(std::string(kMaxDigits + 1, '7')), "(error)");
  EXPECT_NE(Value("0." + std::string(kMaxDigits - 1, '7')), "(error)");
  EXPECT_EQ(Value("0." + std::string(kMaxDigits, '7')), "(error)");
}

TEST(LimitTest, ATextOfTheLongestSizePassesAndOneByteMoreDoesNot) {
  Fuel fuel(kMaxFuel);
  EXPECT_TRUE(ParseAnswer(std::string(kMaxAnswerBytes, '7'), kMaxAnswerBytes, fuel).answer.has_value());
  EXPECT_FALSE(ParseAnswer(std::string(kMaxAnswerBytes + 1, '7'), kMaxAnswerBytes, fuel).answer.has_value());
}

TEST(LimitTest, AChainOfMostTermsPassesAndOneMoreDoesNot) {
  std::string chain = "5";
  for (size_t terms = 1; terms < kMaxChainTerms; ++terms) chain += "=5";
  EXPECT_EQ(Value(chain), "5");
  EXPECT_EQ(Value(chain + "=5"), "(error)");
}

TEST(FuelTest, RunningOutEndsTheParse) {
  Fuel fuel(10);
  EXPECT_FALSE(ParseAnswer(std::string(100, '7'), kMaxAnswerBytes, fuel).answer.has_value());
  EXPECT_TRUE(fuel.exhausted());
  EXPECT_FALSE(fuel.Spend(0));
}

TEST(NormalizeTest, WritesWhatItKnowsInAsciiAndNothingElse) {
  EXPECT_EQ(NormalizeToAscii("−½≈３"), "-\\frac{1}{2}\\approx 3");
  EXPECT_EQ(NormalizeToAscii("5\u00A0"), "5 ");
  EXPECT_EQ(NormalizeToAscii("π"), std::nullopt);
}

}  // namespace
}  // namespace cohort::reward::math

// What the parser understands, told by the canonical form of the text.
#include <string>

#include "gtest/gtest.h"
#include "services/reward/math/compare.h"
#include "services/reward/math/limits.h"

namespace cohort::reward::math {
namespace {

std::string Canonical(const std::string& text) {
  Fuel fuel(kMaxFuel);
  const Canonicalized result = Canonicalize(text, fuel);
  EXPECT_EQ(result.ok, result.error.empty()) << text;
  return result.ok ? result.canonical : "(error)";
}

struct Case {
  const char* text;
  const char* canonical;
};

class ParserTest : public testing::TestWithParam<Case> {};
TEST_P(ParserTest, HasThisCanonicalForm) { EXPECT_EQ(Canonical(GetParam().text), GetParam().canonical) << GetParam().text; }

INSTANTIATE_TEST_SUITE_P(Integers, ParserTest,
                         testing::Values(Case{"0", "0"}, Case{"-42", "-42"}, Case{"+42", "42"}, Case{"- 5", "-5"}, Case{"007", "7"}, Case{"-0", "0"}, Case{"−5", "-5"},
                                         Case{"\n5\t", "5"}, Case{"123456789012345678901234567890", "123456789012345678901234567890"}));
INSTANTIATE_TEST_SUITE_P(Decimals, ParserTest,
                         testing::Values(Case{".5", "1/2"}, Case{"-.5", "-1/2"}, Case{"3.50", "7/2"}, Case{"0.000", "0"}, Case{"1.5E3", "1500"}, Case{"2e3", "2000"},
                                         Case{"1.5E-2", "3/200"}, Case{"1.2.3", "(error)"}));
INSTANTIATE_TEST_SUITE_P(RepeatingDecimals, ParserTest,
                         testing::Values(Case{"0.\\overline{3}", "1/3"}, Case{"0.1\\overline{6}", "1/6"}, Case{"2.\\overline{45}", "27/11"}, Case{"0.\\dot{3}", "1/3"},
                                         Case{"0.\\dot{1}4285\\dot{7}", "1/7"}, Case{"-0.\\overline{9}", "-1"}, Case{"0.(3)", "1/3"}, Case{"0.\\overline{}", "(error)"}));
INSTANTIATE_TEST_SUITE_P(Fractions, ParserTest,
                         testing::Values(Case{"6/4", "3/2"}, Case{"\\frac12", "1/2"}, Case{"\\frac1{2}", "1/2"}, Case{"\\frac{1}2", "1/2"}, Case{"\\tfrac34", "3/4"},
                                         Case{"-\\frac{-1}{2}", "1/2"}, Case{"\\frac{1,000}{3}", "1000/3"}, Case{"1/2/3", "1/6"}, Case{"½", "1/2"},
                                         Case{"\\frac\\pi2", "1/2*pi"}, Case{"\\frac{\\frac12}{3}", "1/6"}, Case{"1/0", "(error)"}, Case{"\\frac{1}", "(error)"},
                                         Case{"\\frac123", "(error)"}, Case{"\\frac{1}{2}}", "(error)"}));
INSTANTIATE_TEST_SUITE_P(MixedNumbers, ParserTest,
                         testing::Values(Case{"2\\frac12", "5/2"}, Case{"-2\\frac{1}{2}", "-5/2"}, Case{"2 1/2", "5/2"}, Case{"2½", "5/2"}, Case{"1,234 1/2", "2469/2"},
                                         Case{"2\\cdot\\frac12", "1"}, Case{"2\\frac{3}{2}", "3"}, Case{"2 3/2", "(error)"}, Case{"2 1", "(error)"}));
INSTANTIATE_TEST_SUITE_P(Thousands, ParserTest,
                         testing::Values(Case{"1,234", "1234"}, Case{"12,345,678", "12345678"}, Case{"1,234.5", "2469/2"}, Case{"1{,}234", "1234"}, Case{"1\\,234", "1234"},
                                         Case{"10,\\!080", "10080"}, Case{"１，２３４", "1234"}, Case{"12,34", "list(12,34)"}, Case{"1, 234", "list(1,234)"},
                                         Case{"(1,234)", "tuple()(1,234)"}, Case{"0,123", "list(0,123)"}, Case{"1,234,56", "list(1,234,56)"}, Case{"1 234", "1234"},
                                         Case{"1 234 567", "1234567"}, Case{"1 23", "(error)"}, Case{"1 2345", "(error)"}, Case{"0 123", "(error)"}, Case{"1234 567", "(error)"},
                                         Case{"1 234 56", "(error)"}, Case{"2 345/678", "567/226"},
                                         Case{"1,", "(error)"}, Case{"1,,234", "(error)"}));
INSTANTIATE_TEST_SUITE_P(Powers, ParserTest,
                         testing::Values(Case{"x^10", "x^10"}, Case{"x^{10}", "x^10"}, Case{"$x^10$", "(error)"}, Case{"2^3^2", "512"}, Case{"2^{3}^{2}", "(error)"},
                                         Case{"-x^2", "-1*x^2"}, Case{"x^{-1}", "x^(-1)"}, Case{"x^-1", "x^(-1)"}, Case{"2^-2x", "1/4*x"}, Case{"4²", "16"},
                                         Case{"0^0", "(error)"}, Case{"x^{1/2}", "pow(x,1/2)"}, Case{"8^{1/3}", "2"}, Case{"i^3", "-1*i"}));
INSTANTIATE_TEST_SUITE_P(Roots, ParserTest,
                         testing::Values(Case{"\\sqrt{4}", "2"}, Case{"\\sqrt3", "3^(1/2)"}, Case{"\\sqrt[3]2", "2^(1/3)"}, Case{"\\sqrt[3]{-8}", "-2"},
                                         Case{"4\\sqrt(2)", "4*2^(1/2)"}, Case{"√2", "2^(1/2)"}, Case{"√(9)", "3"}, Case{"sqrt(2)^3", "2*2^(1/2)"},
                                         Case{"∛8", "2"}, Case{"√2x", "2^(1/2)*x"}));
INSTANTIATE_TEST_SUITE_P(Functions, ParserTest,
                         testing::Values(Case{"\\sin 2x", "sin(2*x)"}, Case{"\\sin x\\cos x", "cos(x)*sin(x)"}, Case{"\\sin^2 x", "sin(x)^2"},
                                         Case{"\\sin^{-1}x", "arcsin(x)"}, Case{"\\log_2 3", "log(2,3)"}, Case{"\\ln x^2", "ln(x^2)"}, Case{"\\sin(x)y", "sin(x)*y"},
                                         Case{"\\sin x/2", "1/2*sin(x)"}, Case{"\\sin x+1", "1 + sin(x)"}, Case{"\\gcd(12,18)", "6"}, Case{"\\max\\{1,2\\}", "2"},
                                         Case{"|-3|", "3"}, Case{"2|x|", "2*abs(x)"}, Case{"||x|-1|", "abs(-1 + abs(x))"}, Case{"\\lfloor 2.5\\rfloor", "2"},
                                         Case{"5!", "120"}, Case{"5!!", "15"}, Case{"\\binom52", "10"}, Case{"C_5^2", "10"}, Case{"C(5,2)", "10"}, Case{"17\\bmod5", "2"},
                                         Case{"\\sin", "(error)"}, Case{"\\sqrt", "(error)"}));
INSTANTIATE_TEST_SUITE_P(Names, ParserTest,
                         testing::Values(Case{"xy", "x*y"}, Case{"x_1", "x_1"}, Case{"x_{12}", "x_12"}, Case{"a_{n+1}", "a_n+1"}, Case{"f(x)", "f*x"}, Case{"f(x,y)", "f(x,y)"},
                                         Case{"x(x+1)", "(1 + x)*x"}, Case{"\\alpha", "alpha"}, Case{"α", "alpha"}, Case{"3+i4", "3 + 4*i"}, Case{"x'", "x'"}));
INSTANTIATE_TEST_SUITE_P(Structures, ParserTest,
                         testing::Values(Case{"\\{2,1,1\\}", "set(1,2)"}, Case{"\\{\\}", "{}"}, Case{"{1,2}", "set(1,2)"}, Case{"{3}/{4}", "3/4"}, Case{"{1 \\over 2}", "1/2"}, Case{"three (((", "(error)"}, Case{".\\overline{3}", "1/3"}, Case{"[1,2)", "tuple[)(1,2)"},
                                         Case{"\\langle1,2\\rangle", "tuple<>(1,2)"}, Case{"2, 1 and 3", "list(1,2,3)"}, Case{"x=1\\text{ or }x=2", "or((x = 1),(x = 2))"},
                                         Case{"1<x\\le2", "(1 < x <= 2)"}, Case{"3:4", "ratio(3,4)"}, Case{"x\\equiv3\\pmod5", "congruence((x equiv 3),5)"},
                                         Case{"\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}", "matrix2(1,2,3,4)"}, Case{"\\begin{vmatrix}1&2\\\\3&4\\end{vmatrix}", "-2"},
                                         Case{"\\begin{pmatrix}1&2\\\\3\\end{pmatrix}", "(error)"}, Case{"(1,2", "(error)"}, Case{"1,2)", "(error)"}, Case{"\\{1,2)", "(error)"}));
INSTANTIATE_TEST_SUITE_P(Numerals, ParserTest,
                         testing::Values(Case{"101_2", "base(101_2)"}, Case{"0101_{2}", "base(101_2)"}, Case{"(101)_2", "base(101_2)"}, Case{"1A_{16}", "base(1A_16)"},
                                         Case{"20_{\\text{six}}", "base(20_6)"}, Case{"12_2", "(error)"}));
INSTANTIATE_TEST_SUITE_P(FreeTokens, ParserTest,
                         testing::Values(Case{"5.", "5"}, Case{"$5$", "5"}, Case{"$$5$$", "5"}, Case{"\\(5\\)", "5"}, Case{"$5.$", "5"}, Case{"5。", "5"}, Case{"5..", "(error)"},
                                         Case{"", "(error)"}, Case{" ", "(error)"}, Case{"$$", "(error)"}, Case{"\\left(5\\right)", "5"}, Case{"\\displaystyle 5", "5"}));
INSTANTIATE_TEST_SUITE_P(Words, ParserTest,
                         testing::Values(Case{"No  Solution.", "'no solution'"}, Case{"\\text{no solution}", "'no solution'"}, Case{"无解", "'no solution'"}, Case{"(\\text{A})", "A"},
                                         Case{"\\textbf{(B)}", "B"}, Case{"C)", "C"}, Case{"March 5th, 2020", "date(20200305)"}, Case{"2:30\\text{ PM}", "time(52200,1)"}));
INSTANTIATE_TEST_SUITE_P(NoSalvage, ParserTest,
                         testing::Values(Case{"\\def\\x{5}\\x", "(error)"}, Case{"\\newcommand{\\x}{5}", "(error)"}, Case{"\\unknown5", "(error)"}, Case{"5)", "(error)"},
                                         Case{"1//2", "(error)"}, Case{"1/", "(error)"}, Case{"4\u200B2", "(error)"}, Case{"\u0664\u0662", "(error)"}, Case{"\xFF", "(error)"},
                                         Case{"5\x01", "(error)"}, Case{"х=42", "(error)"}));

}  // namespace
}  // namespace cohort::reward::math

// Texts that bring other graders down: each is answered within its fuel, and not with CORRECT unless it is.
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "services/reward/math/compare.h"
#include "services/reward/math/limits.h"
#include "services/reward/math/random.h"

namespace cohort::reward::math {
namespace {

v1::Verdict Verdict(const std::string& gold, const std::string& answer) {
  Fuel fuel(kMaxFuel);
  return Compare(gold, answer, fuel).verdict;
}

std::string Repeated(std::string_view piece, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += piece;
  return text;
}

TEST(HostileTest, NothingIsTakenForOneOrCrashes) {
  const std::vector<std::string> texts =
       {Repeated("\\frac{", 400), Repeated("{", 5000), Repeated("-", 5000), "1" + Repeated("=1", 400) + "=2", std::string("9^{9^{9^9}}"), std::string("(10^7)!"),
        std::string("((10!)!)!"), std::string("\\binom{10^9}{5\\cdot10^8}"), std::string("\\sqrt2^{10^9}"), std::string("1.1^{10^{12}}"), std::string("e^{e^{e^{e^e}}}"),
        std::string("\\sum_{k=1}^{10^8}1/k^2"), std::string("\\prod_{k=1}^{10^9}k"), std::string("0.\\overline{"), std::string(1 << 20, '9'), std::string(1 << 20, '\\'),
        "1," + std::string(900, ','), Repeated("\xF0", 500), Repeated("$", 1000), std::string("\\frac"), std::string("\\"), Repeated("x(", 4000),
        "$" + Repeated("\\boxed{", 1000), Repeated("\\text{", 1000), Repeated("x_{", 2000), Repeated("|", 1000), Repeated("\\begin{cases}", 300), Repeated("9^", 60) + "9",
        "(" + Repeated("(x+1)", 500) + ")", Repeated("\\sin", 1000), "2^{-" + Repeated("9", 4000) + "}", "x^{" + Repeated("9", 400) + "}", Repeated("a+", 3000) + "a",
        "1+10^{-1000000}", "1+e^{-100000}", "\\sqrt{1+10^{-100000}}", "\\cos{10^{-3000}}", "|x|+|y|", Repeated("\\sqrt{", 60) + "2" + Repeated("}", 60)};
  for (const std::string& text : texts) {
    EXPECT_NE(Verdict("1", text), v1::VERDICT_CORRECT) << text.substr(0, 60);
    EXPECT_NE(Verdict(text, "1"), v1::VERDICT_CORRECT) << text.substr(0, 60);
  }
}

TEST(HostileTest, NumbersBeyondWritingAreComparedByResidues) {
  EXPECT_EQ(Verdict("9^{9^9}", "9^{9^9}+1"), v1::VERDICT_INCORRECT);
  EXPECT_EQ(Verdict("9^{9^9}", "9^{387420489}"), v1::VERDICT_CORRECT);
  EXPECT_EQ(Verdict("3^{2\\cdot9^9}", "9^{9^9}"), v1::VERDICT_CORRECT);
  EXPECT_EQ(Verdict("1", "5^{5^{5^5}}"), v1::VERDICT_INCORRECT);
  EXPECT_EQ(Verdict("3", "7^{7^{7^7}}\\bmod10"), v1::VERDICT_CORRECT);
  EXPECT_EQ(Verdict("7", "7^{7^{7^7}}\\bmod10"), v1::VERDICT_INCORRECT);
  EXPECT_EQ(Verdict("\\frac{5^{5^{5^{5^5}}-4}-5}{16}", "\\frac{5^{5^{5^{5^5}}-4}-6}{16}"), v1::VERDICT_INCORRECT);
  EXPECT_EQ(Verdict("2^{1000000000}", "2^{1000000000}+1"), v1::VERDICT_INCORRECT);
  EXPECT_EQ(Verdict("\\frac{1}{2004!}", "\\frac{1}{2006!}"), v1::VERDICT_INCORRECT);
}

TEST(HostileTest, OverlappingBallsAreNoEquality) {
  EXPECT_NE(Verdict("1", "1+e^{-1000}"), v1::VERDICT_CORRECT);
  EXPECT_NE(Verdict("\\sqrt2", "\\sqrt{2+10^{-500}}"), v1::VERDICT_CORRECT);
  EXPECT_NE(Verdict("262537412640768744", "e^{\\pi\\sqrt{163}}"), v1::VERDICT_CORRECT);
  EXPECT_NE(Verdict("0", "e^{-100000}"), v1::VERDICT_CORRECT);
  EXPECT_NE(Verdict("x", "x+10^{-400}"), v1::VERDICT_CORRECT);
  EXPECT_NE(Verdict("\\sin x", "\\sin x+e^{-3000}"), v1::VERDICT_CORRECT);
}

TEST(HostileTest, APolynomialOfManyTermsIsWrittenOut) {
  std::string sum = "1";
  for (int i = 1; i < 400; ++i) sum += "+x^{" + std::to_string(i) + "}";
  EXPECT_EQ(Verdict("\\frac{x^{400}-1}{x-1}", sum), v1::VERDICT_CORRECT);
  EXPECT_EQ(Verdict("\\frac{x^{400}-1}{x-1}", sum + "+1"), v1::VERDICT_INCORRECT);
}

TEST(HostileTest, NestedFunctionsInAnInequalityCostNoMoreThanAFewOfThem) {
  for (const std::string_view function : {"\\ln(", "\\log_2(", "\\sqrt{", "2^{"}) {
    for (const int depth : {4, 12, 28}) {
      std::string text;
      for (int i = 0; i < depth; ++i) text += function;
      text += "x" + std::string(static_cast<size_t>(depth), function.back() == '{' ? '}' : ')') + "<1";
      Fuel fuel(kMaxFuel);
      EXPECT_NE(Compare("x>1", text, fuel).verdict, v1::VERDICT_CORRECT) << text;
      EXPECT_GT(fuel.left(), kMaxFuel / 2) << text;
    }
  }
}

TEST(HostileTest, RandomPiecesOfTheGrammarNeverCrash) {
  const std::string_view pieces[] = {"1", "23", "456", ",", ".", "/", "\\frac", "{", "}", "%", "\\%", "=", "\\approx", "-", "+", " ", "$", "\\(", "\\)", "\\,", "\\overline", "½", "−",
                                     "\xE2", "0", "\\dot", "x", "y", "^", "_", "(", ")", "[", "]", "\\{", "\\}", "|", "!", "\\sin", "\\log", "\\sqrt", "\\pm", "<", "\\le", "\\cup",
                                     "\\infty", "\\text{cm}", "\\text{ or }", "e", "i", "\\pi", "^\\circ", "'", ":", "\\sum_{k=1}^{3}", "k", "\\begin{cases}", "\\end{cases}", "&",
                                     "\\\\", "\\bmod", "\\pmod5", "\\equiv", "cm", "per", "\\in", "\\mathbb{R}", "\\binom", "C_5^2", "\\int_0^1", "d", "\\det", "\\$",
                                     "A_5^2", "P(5,2)", "\\text{ for }", "\\text{is an integer}", "\\text{ is odd}", "\\mathbb{R}^+", "\\forall", "\\begin{aligned}", "\\end{aligned}",
                                     "f(x)=", "\\log_2", "\\begin{matrix}", "\\end{matrix}", "_5", "\\text{Area}", "n\\equiv1,3\\pmod8"};
  Random random(1);
  for (int round = 0; round < 100'000; ++round) {
    std::string text;
    for (int i = 0; i < 10; ++i) text += pieces[random.Below(std::size(pieces))];
    Fuel fuel(kMaxFuel);
    const v1::Verdict self = Compare(text, text, fuel).verdict;
    EXPECT_TRUE(self == v1::VERDICT_CORRECT || self == v1::VERDICT_GOLD_UNPARSEABLE) << text << " " << v1::Verdict_Name(self);
  }
}

}  // namespace
}  // namespace cohort::reward::math

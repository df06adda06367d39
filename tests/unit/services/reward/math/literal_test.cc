// Numbers that need no parser: what is read as one, what is left to the parser, and that both agree.
#include "services/reward/math/literal.h"

#include <string>

#include "gtest/gtest.h"
#include "services/reward/math/canonical.h"
#include "services/reward/math/limits.h"
#include "services/reward/math/parser.h"

namespace cohort::reward::math {
namespace {

TEST(LiteralTest, AgreesWithTheParser) {
  for (const char* text : {"0", "42", "-7", "007", "3.50", "-0.125", "7/4", "-7/4", "14/8", "\\frac{7}{4}", "\\dfrac{7}4", "-\\tfrac{12}{18}", "$42$", "$-\\frac{1}{2}$", "123456789012345678"}) {
    const std::optional<Literal> literal = ReadLiteral(text);
    ASSERT_TRUE(literal.has_value()) << text;
    Fuel fuel(kMaxFuel);
    const Parsed parsed = Parse(text, kMaxAnswerBytes, Reading(), fuel);
    EXPECT_EQ(Canonical(parsed.ast, parsed.ast.root, fuel).constant(), Rational(literal->numerator) / Rational(literal->denominator)) << text;
  }
}

TEST(LiteralTest, LeavesEverythingElseToTheParser) {
  for (const char* text : {"", "-", "$", "$$", "1/0", "\\frac{1}{0}", "1.", ".5", "1,000", "1 000", "2 1/2", "\\frac12", "\\frac{-1}{2}", "\\frac{1}{2}x", "--1", "+1", "1e5", "0x10", "1234567890123456789", "42 ",
                           "$4$2$", "50%", "\\frac{1}{23", "4.2.1", "12:30"}) {
    EXPECT_FALSE(ReadLiteral(text).has_value()) << text;
  }
}

TEST(LiteralTest, EqualityIsThatOfFractions) {
  EXPECT_TRUE(*ReadLiteral("1/3") == *ReadLiteral("\\frac{2}{6}"));
  EXPECT_TRUE(*ReadLiteral("0.5") == *ReadLiteral("1/2"));
  EXPECT_FALSE(*ReadLiteral("0.333333333333333333") == *ReadLiteral("1/3"));
  EXPECT_FALSE(*ReadLiteral("999999999999999999/999999999999999998") == *ReadLiteral("999999999999999998/999999999999999997"));
}

}  // namespace
}  // namespace cohort::reward::math

// The canonical forms of roots, and what they prove.
#include "services/reward/math/canonical.h"

#include <string>

#include "gtest/gtest.h"
#include "services/reward/math/limits.h"
#include "services/reward/math/parser.h"

namespace cohort::reward::math {
namespace {

Form FormOf(const std::string& text) {
  Fuel fuel(kMaxFuel);
  const Parsed parsed = Parse(text, kMaxAnswerBytes, Reading(), fuel);
  EXPECT_EQ(parsed.error, "") << text;
  return Canonical(parsed.ast, parsed.ast.root, fuel);
}

std::string Text(const std::string& text) { return FormOf(text).Text(); }

TEST(RadicalTest, RootsOfNumbersArePowersOfPrimesBelowOne) {
  EXPECT_EQ(Text("\\sqrt{12}"), "2*3^(1/2)");
  EXPECT_EQ(Text("\\frac{1}{\\sqrt2}"), "1/2*2^(1/2)");
  EXPECT_EQ(Text("\\sqrt2\\cdot\\sqrt3"), Text("\\sqrt6"));
  EXPECT_EQ(Text("\\sqrt[3]{16}"), "2*2^(1/3)");
  EXPECT_EQ(Text("2^{3/2}"), "2*2^(1/2)");
  EXPECT_EQ(Text("\\sqrt{\\frac{3}{4}}"), "1/2*3^(1/2)");
  EXPECT_EQ(Text("\\sqrt{2\\sqrt2}"), "2^(3/4)");
  EXPECT_EQ(Text("3\\sqrt2+\\sqrt8"), "5*2^(1/2)");
  EXPECT_EQ(Text("\\sqrt2\\sqrt2"), "2");
}

TEST(RadicalTest, OddRootsOfNegativeNumbersAreRealAndSquareRootsImaginary) {
  EXPECT_EQ(Text("\\sqrt[3]{-16}"), "-2*2^(1/3)");
  EXPECT_EQ(Text("(-8)^{1/3}"), "-2");
  EXPECT_EQ(Text("(-8)^{2/3}"), "4");
  EXPECT_EQ(Text("\\sqrt{-4}"), "2*i");
  EXPECT_EQ(Text("(-4)^{3/2}"), "-8*i");
}

TEST(RadicalTest, WhatIsTooLargeStaysAsItIs) {
  EXPECT_EQ(Text("\\sqrt2^{10000}"), "2^5000");
  EXPECT_EQ(Text("\\sqrt{10000000000000000000000}"), "100000000000");
  EXPECT_EQ(Text("\\sqrt{20000000000000000000000}"), "pow(20000000000000000000000,1/2)");
}

TEST(DifferenceTest, AConstantDifferenceOtherThanZeroIsAProof) {
  EXPECT_TRUE(DifferByConstant(FormOf("\\sqrt2+5"), FormOf("\\sqrt2+6")));
  EXPECT_TRUE(DifferByConstant(FormOf("3\\pi"), FormOf("4\\pi")));
  EXPECT_TRUE(DifferByConstant(FormOf("\\sin x+1"), FormOf("\\sin x")));
  EXPECT_TRUE(DifferByConstant(FormOf("x+\\sqrt3"), FormOf("x")));
  EXPECT_TRUE(DifferByConstant(FormOf("2i"), FormOf("3i")));
}

TEST(DifferenceTest, NothingElseIsOne) {
  EXPECT_FALSE(DifferByConstant(FormOf("\\sqrt2"), FormOf("\\sqrt2")));
  EXPECT_FALSE(DifferByConstant(FormOf("\\sqrt2"), FormOf("\\sqrt3")));           // Two terms.
  EXPECT_FALSE(DifferByConstant(FormOf("x"), FormOf("2x")));                        // Both may be zero.
  EXPECT_FALSE(DifferByConstant(FormOf("\\sin1"), FormOf("2\\sin1")));            // Nothing says that it is not zero.
  EXPECT_FALSE(DifferByConstant(FormOf("\\infty+1"), FormOf("\\infty+2")));
  EXPECT_FALSE(DifferByConstant(FormOf("1+2+\\dots+n"), FormOf("2+2+\\dots+n")));
}

}  // namespace
}  // namespace cohort::reward::math

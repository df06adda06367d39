// Every limit of the parser, on both sides.
#include "services/reward/math/limits.h"

#include <string>

#include "gtest/gtest.h"
#include "services/reward/math/compare.h"
#include "services/reward/math/parser.h"

namespace cohort::reward::math {
namespace {

std::string Error(const std::string& text, size_t max_bytes = 1 << 20) {
  Fuel fuel(100 * kMaxFuel);
  return Parse(text, max_bytes, Reading(), fuel).error;
}

std::string Repeated(const std::string& piece, size_t times, const std::string& separator = "") {
  std::string text;
  for (size_t i = 0; i < times; ++i) text += (i > 0 ? separator : "") + piece;
  return text;
}

TEST(LimitTest, Bytes) {
  EXPECT_EQ(Error(std::string(kMaxAnswerBytes, '7'), kMaxAnswerBytes), "");
  EXPECT_NE(Error(std::string(kMaxAnswerBytes + 1, '7'), kMaxAnswerBytes), "");
}

TEST(LimitTest, Digits) {
  EXPECT_EQ(Error(std::string(kMaxDigits, '7')), "");
  EXPECT_NE(Error(std::string(kMaxDigits + 1, '7')), "");
}

TEST(LimitTest, Depth) {
  const auto nested = [](size_t depth) { return std::string(depth, '(') + "x" + std::string(depth, ')'); };
  EXPECT_EQ(Error(nested(kMaxDepth)), "");
  EXPECT_NE(Error(nested(kMaxDepth + 1)), "");
  EXPECT_NE(Error(Repeated("\\frac{", 400)), "");
  EXPECT_NE(Error(std::string(5000, '-') + "1"), "");
}

TEST(LimitTest, Nodes) {
  EXPECT_EQ(Error(Repeated("1", kMaxNodes / 2, "+")), "");
  EXPECT_NE(Error(Repeated("1", kMaxNodes / 2 + 1, "+")), "");
}

TEST(LimitTest, Names) {
  std::string most;
  for (size_t i = 0; i < kMaxNames; ++i) most += (i > 0 ? "+x_{" : "x_{") + std::to_string(i) + "}";
  // The name without its subscript counts as well.
  EXPECT_NE(Error(most), "");
  EXPECT_EQ(Error(most.substr(0, most.rfind('+'))), "");
}

TEST(LimitTest, Subscript) {
  EXPECT_EQ(Error("x_{" + std::string(kMaxSubscriptBytes, 'a') + "}"), "");
  EXPECT_NE(Error("x_{" + std::string(kMaxSubscriptBytes + 1, 'a') + "}"), "");
}

TEST(LimitTest, ChainTerms) {
  EXPECT_EQ(Error(Repeated("5", kMaxChainTerms, "=")), "");
  EXPECT_NE(Error(Repeated("5", kMaxChainTerms + 1, "=")), "");
}

TEST(LimitTest, PlusMinusSigns) {
  EXPECT_EQ(Error("1" + Repeated("\\pm2", kMaxPlusMinus)), "");
  EXPECT_NE(Error("1" + Repeated("\\pm2", kMaxPlusMinus + 1)), "");
}

TEST(LimitTest, MatrixEntries) {
  const auto row = [](size_t entries) { return "\\begin{pmatrix}" + Repeated("1", entries, "&") + "\\end{pmatrix}"; };
  EXPECT_EQ(Error(row(kMaxMatrixEntries)), "");
  EXPECT_NE(Error(row(kMaxMatrixEntries + 1)), "");
}

TEST(LimitTest, DeterminantRows) {
  const auto determinant = [](size_t rows) { return "\\begin{vmatrix}" + Repeated(Repeated("1", rows, "&"), rows, "\\\\") + "\\end{vmatrix}"; };
  EXPECT_EQ(Error(determinant(kMaxDeterminant)), "");
  EXPECT_NE(Error(determinant(kMaxDeterminant + 1)), "");
}

TEST(LimitTest, Elements) {
  EXPECT_EQ(Error("(" + Repeated("1", kMaxElements, ", ") + ")"), "");
  EXPECT_NE(Error("(" + Repeated("1", kMaxElements + 1, ", ") + ")"), "");
}

std::string CanonicalText(const std::string& text) {
  Fuel fuel(kMaxFuel);
  return Canonicalize(text, fuel).canonical;
}

// Whether the canonical form is a number that was written out.
bool IsWrittenOut(const std::string& text) {
  const std::string canonical = CanonicalText(text);
  return !canonical.empty() && canonical.find_first_not_of("0123456789") == std::string::npos;
}

v1::Verdict Verdict(const std::string& gold, const std::string& answer) {
  Fuel fuel(kMaxFuel);
  return Compare(gold, answer, fuel).verdict;
}

TEST(LimitTest, Factorial) {
  EXPECT_TRUE(IsWrittenOut(std::to_string(kMaxFactorial) + "!"));
  EXPECT_EQ(CanonicalText(std::to_string(kMaxFactorial + 1) + "!"), "factorial(" + std::to_string(kMaxFactorial + 1) + ")");
}

TEST(LimitTest, ExactBits) {
  // 2 has two bits.
  EXPECT_TRUE(IsWrittenOut("2^{" + std::to_string(kMaxExactBits / 2) + "}"));
  EXPECT_FALSE(IsWrittenOut("2^{" + std::to_string(kMaxExactBits / 2 + 1) + "}"));
}

TEST(LimitTest, SumTerms) {
  const auto sum = [](int64_t terms) { return "\\sum_{k=1}^{" + std::to_string(terms) + "}1"; };
  EXPECT_EQ(Verdict(std::to_string(kMaxSumTerms), sum(kMaxSumTerms)), v1::VERDICT_CORRECT);
  EXPECT_EQ(Verdict(std::to_string(kMaxSumTerms + 1), sum(kMaxSumTerms + 1)), v1::VERDICT_UNKNOWN);
}

TEST(LimitTest, Precision) {
  // Both agree in as many bits as the exponent says: the difference shows below the cap and nothing does above it.
  EXPECT_EQ(Verdict("\\sin 1", "\\sin 1+\\sin(e^{-1000})"), v1::VERDICT_INCORRECT);
  EXPECT_EQ(Verdict("\\sin 1", "\\sin 1+\\sin(e^{-" + std::to_string(2 * kMaxPrecision) + "})"), v1::VERDICT_UNKNOWN);
}

TEST(LimitTest, Degree) {
  const auto equation = [](int64_t degree) { return "x^{" + std::to_string(degree) + "}-x-1=0"; };
  const auto times = [](int64_t degree) { return "(x^2+1)(x^{" + std::to_string(degree - 2) + "}-x-1)=0"; };
  EXPECT_EQ(Verdict(equation(kMaxDegree - 2), times(kMaxDegree)), v1::VERDICT_CORRECT);
  EXPECT_NE(Verdict(equation(kMaxDegree - 1), times(kMaxDegree + 1)), v1::VERDICT_CORRECT);
}

TEST(LimitTest, ResidueBits) {
  // 3^n has 2n bits by the bound, and both sides are written differently: only their residues can tell.
  const auto power = [](int64_t exponent) { return "3^{" + std::to_string(exponent) + "}"; };
  const auto split = [](int64_t exponent) { return "3\\cdot3^{" + std::to_string(exponent - 1) + "}"; };
  EXPECT_EQ(Verdict(power(kMaxResidueBits / 4), split(kMaxResidueBits / 4)), v1::VERDICT_CORRECT);
  EXPECT_EQ(Verdict(power(kMaxResidueBits), split(kMaxResidueBits)), v1::VERDICT_UNKNOWN);
}

TEST(LimitTest, WordBytes) {
  EXPECT_EQ(Error("5\\text{ " + std::string(kMaxWordBytes, 'q') + "}"), "");
  EXPECT_EQ(CanonicalText("5\\text{ " + std::string(kMaxWordBytes, 'q') + "}").substr(0, 3), "5*[");
  EXPECT_NE(CanonicalText("5\\text{ " + std::string(kMaxWordBytes + 1, 'q') + "}").substr(0, 3), "5*[");
}

TEST(LimitTest, DateBytes) {
  // White space counts, but a time of day has to fit.
  const auto padded = [](size_t bytes) { return "2:30" + std::string(bytes - 6, ' ') + "pm"; };
  EXPECT_EQ(CanonicalText(padded(40)).substr(0, 5), "time(");
  EXPECT_NE(CanonicalText(padded(kMaxSpokenBytes + 1)).substr(0, 5), "time(");
}

TEST(FuelTest, APolynomialOfManyTermsIsAnsweredBySteps) {
  std::string sum = "1";
  for (int i = 1; i < 400; ++i) sum += "+x^{" + std::to_string(i) + "}";
  Fuel fuel(kMaxFuel);
  EXPECT_EQ(Compare("\\frac{x^{400}-1}{x-1}", sum, fuel).verdict, v1::VERDICT_CORRECT);
  EXPECT_GT(fuel.left(), kMaxFuel * 9 / 10);  // A tenth of the soft limit of 50 ms.
}

TEST(FuelTest, RunningOutEndsTheParse) {
  Fuel fuel(10);
  EXPECT_NE(Parse(std::string(100, '7'), kMaxAnswerBytes, Reading(), fuel).error, "");
  EXPECT_TRUE(fuel.exhausted());
}

}  // namespace
}  // namespace cohort::reward::math

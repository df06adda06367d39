// Every limit of the parser, on both sides.
#include "services/reward/math/limits.h"

#include <string>

#include "gtest/gtest.h"
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

TEST(FuelTest, RunningOutEndsTheParse) {
  Fuel fuel(10);
  EXPECT_NE(Parse(std::string(100, '7'), kMaxAnswerBytes, Reading(), fuel).error, "");
  EXPECT_TRUE(fuel.exhausted());
}

}  // namespace
}  // namespace cohort::reward::math

#include "common/reward/auxiliary/repetition.h"

#include <string>

#include "gtest/gtest.h"

namespace cohort::reward {
namespace {

std::string Repeat(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(RepetitionTest, ATextOfDifferentWordsIsNotPunished) {
  EXPECT_EQ(RepetitionPenalty("one two three four five six", 2), 0);
  EXPECT_EQ(RepetitionPenalty("one two one three one four", 2), 0) << "words may come again, n-grams may not";
}

TEST(RepetitionTest, IsTheShareOfRepeatedNgrams) {
  EXPECT_DOUBLE_EQ(RepetitionPenalty("a b a b a", 2), -0.5);       // ab ba ab ba: 2 of 4 different.
  EXPECT_DOUBLE_EQ(RepetitionPenalty("x x x x x x x x x x x", 2), -0.9);
}

TEST(RepetitionTest, ATextShorterThanAnNgramIsNotPunished) {
  EXPECT_EQ(RepetitionPenalty("x x x", 4), 0);
  EXPECT_EQ(RepetitionPenalty("x x x x", 4), 0);
  EXPECT_LT(RepetitionPenalty("x x x x x", 4), 0);
  EXPECT_EQ(RepetitionPenalty("", 2), 0);
}

TEST(RepetitionTest, WorksWithoutSpaces) {
  EXPECT_LT(RepetitionPenalty(Repeat("我们再想一想", 50), 4), -0.9);
  EXPECT_LT(RepetitionPenalty(Repeat("wait", 1'000), 3), -0.9);
  EXPECT_LT(RepetitionPenalty(Repeat("9", 5'000), 3), -0.9);
  EXPECT_LT(RepetitionPenalty(Repeat("!", 100), 3), -0.9);
  EXPECT_EQ(RepetitionPenalty("春眠不觉晓处处闻啼鸟夜来风雨声花落知多少", 3), 0);
}

TEST(RepetitionTest, StaysWithinItsBounds) {
  const double worst = RepetitionPenalty(Repeat("a ", 100'000), 2);
  EXPECT_GT(worst, -1);
  EXPECT_LT(worst, -0.999);
}

}  // namespace
}  // namespace cohort::reward

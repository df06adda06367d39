#include "common/reward/format/anchors.h"

#include <string>

#include "gtest/gtest.h"

namespace cohort::reward {
namespace {

std::string Show(const std::string& text, const std::optional<Span>& span) { return span.has_value() ? "'" + std::string(span->In(text)) + "'" : "(none)"; }
std::string Hash(const std::string& text) { return Show(text, FindHashAnswer(text)); }
std::string Line(const std::string& text) { return Show(text, FindAnswerLine(text)); }

TEST(HashAnchorTest, TheRestOfTheLineIsTheAnswer) {
  EXPECT_EQ(Hash("#### 72"), "'72'");
  EXPECT_EQ(Hash("####72"), "'72'");
  EXPECT_EQ(Hash("so many.\n####  $1,234.50 \r\nmore"), "'$1,234.50'");
  EXPECT_EQ(Hash("it is #### -3"), "'-3'");
}

TEST(HashAnchorTest, TheLastAnchorCountsEvenWhenNothingFollowsIt) {
  EXPECT_EQ(Hash("#### 1\n#### 2"), "'2'");
  EXPECT_EQ(Hash("#### 1 #### 2"), "'2'");
  EXPECT_EQ(Hash("#### 1\n####"), "''");
  EXPECT_EQ(Hash("#### 1\n####\n3"), "''");
}

TEST(HashAnchorTest, OtherNumbersOfHashesAreHeadings) {
  EXPECT_EQ(Hash("### 72"), "(none)");
  EXPECT_EQ(Hash("##### 72"), "(none)");
  EXPECT_EQ(Hash("#### 72\n## Check\n# 5\n##### 6"), "'72'");
  EXPECT_EQ(Hash(""), "(none)");
  EXPECT_EQ(Hash("####"), "''");
}

TEST(AnswerAnchorTest, TheRestOfTheLineIsTheAnswer) {
  EXPECT_EQ(Line("Answer: 34"), "'34'");
  EXPECT_EQ(Line("answer : 34"), "'34'");
  EXPECT_EQ(Line("FINAL ANSWER:34\nbye"), "'34'");
  EXPECT_EQ(Line("Answer：34"), "'34'");
  EXPECT_EQ(Line("So the answer is 34."), "'34.'");
  EXPECT_EQ(Line("The answer is: $34$"), "'$34$'");
  EXPECT_EQ(Line("最终Answer: 34"), "'34'");
}

TEST(AnswerAnchorTest, TheLastAnchorCountsEvenWhenNothingFollowsIt) {
  EXPECT_EQ(Line("Answer: 1\nAnswer: 2"), "'2'");
  EXPECT_EQ(Line("Answer: 1, no, the answer is 2"), "'2'");
  EXPECT_EQ(Line("Answer: 1\nAnswer:"), "''");
  EXPECT_EQ(Line("Answer: 1\nAnswer:\n2"), "''");
}

TEST(AnswerAnchorTest, OnlyWholeWordsWithTheirSignAreAnchors) {
  for (const char* text : {"answer 34", "answers: 34", "nonanswer: 34", "\\answer: 34", "the answer isn 34", "answeris 34", "", "a", "answer", "my answer island"}) {
    EXPECT_EQ(Line(text), "(none)") << text;
  }
}

TEST(AnswerAnchorTest, EmphasisAroundAnchorOrAnswerBelongsToNeither) {
  EXPECT_EQ(Line("**Answer:** 34"), "'34'");
  EXPECT_EQ(Line("**Answer: 34**"), "'34'");
  EXPECT_EQ(Line("*Answer:* 34"), "'34'");
  EXPECT_EQ(Line("Answer: **34**"), "'34'");
  EXPECT_EQ(Line("**Answer:** **34**"), "'34'");
  EXPECT_EQ(Line("Answer: 3*4"), "'3*4'");
  EXPECT_EQ(Line("Answer: ****"), "'****'");
  EXPECT_EQ(Line("*Answer: *"), "''");
}

TEST(AnchorTest, TakesTimeLinearInTheText) {
  std::string hashes(3'000'000, '#'), answers;
  for (int i = 0; i < 300'000; ++i) answers += "answer ";
  EXPECT_EQ(Hash(hashes), "(none)");
  EXPECT_EQ(Line(answers + std::string(1'000'000, ' ')), "(none)");  // A quadratic scan would not end within the test's time limit.
}

}  // namespace
}  // namespace cohort::reward

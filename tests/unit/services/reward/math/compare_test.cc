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

TEST(CompareTest, EqualNumbersAreCorrectHoweverTheyAreWritten) {
  for (const char* answer : {"1/2", "0.5", ".50", "\\frac12", "50%", "50\\%", "2/4", "$\\dfrac{1}{2}$", "½", "0.5 = 1/2"}) {
    EXPECT_EQ(Verdict("1/2", answer), "CORRECT") << answer;
    EXPECT_EQ(Verdict(answer, "1/2"), "CORRECT") << answer;
  }
}

TEST(CompareTest, OtherNumbersAreIncorrectHoweverNear) {
  for (const char* answer : {"0.50000000000000000000000000001", "-0.5", "5", "1/3", "50", "0.499999999999", "2"}) {
    EXPECT_EQ(Verdict("1/2", answer), "INCORRECT") << answer;
  }
  EXPECT_EQ(Verdict("1/3", "0.3333333333333333"), "INCORRECT") << "exact unless the reference says otherwise";
  EXPECT_EQ(Verdict("50%", "50"), "INCORRECT");
  EXPECT_EQ(Verdict("28", "28%"), "INCORRECT");
  EXPECT_EQ(Verdict("1234", "1,234"), "CORRECT");
  EXPECT_EQ(Verdict("9007199254740993", "9007199254740992"), "INCORRECT") << "no double could tell";
}

TEST(CompareTest, AChainWithAFalseLinkIsIncorrectThoughItEndsRight) {
  EXPECT_EQ(Verdict("42", "42=42"), "CORRECT");
  EXPECT_EQ(Verdict("42", "41=42"), "INCORRECT");
  EXPECT_EQ(Verdict("42", "42=41=42"), "INCORRECT");
}

TEST(CompareTest, WhatCannotBeParsedSaysOnWhichSide) {
  EXPECT_EQ(Verdict("42", "forty-two"), "PRED_UNPARSEABLE");
  EXPECT_EQ(Verdict("x", "42"), "GOLD_UNPARSEABLE");
  EXPECT_EQ(Verdict("x", "x"), "GOLD_UNPARSEABLE");
  EXPECT_EQ(Verdict("1=2", "2"), "GOLD_UNPARSEABLE");
  EXPECT_EQ(Verdict("", "42"), "GOLD_UNPARSEABLE");
}

TEST(CompareTest, AGoldMayBeLongerThanAnAnswer) {
  const std::string digits(kMaxAnswerBytes + 1, '7');
  EXPECT_EQ(Verdict(digits, "7"), "INCORRECT");
  EXPECT_EQ(Verdict("7", digits), "PRED_UNPARSEABLE");
  EXPECT_EQ(Verdict("0." + std::string(kMaxGoldBytes, '7'), "7"), "GOLD_UNPARSEABLE");
}

TEST(CompareTest, OutOfFuelIsATimeout) {
  Fuel fuel(50);
  EXPECT_EQ(Compare("1/2", std::string(500, '1'), fuel).verdict, v1::VERDICT_TIMEOUT);
}

TEST(CompareTest, TheLargestLiteralsStayFarBelowTheFuelLimit) {
  Fuel fuel(kMaxFuel / 50);
  const std::string gold = std::string(kMaxDigits / 2, '7') + "/" + std::string(kMaxDigits / 2, '3');
  EXPECT_EQ(Compare(gold, "1/3", fuel).verdict, v1::VERDICT_INCORRECT);
}

TEST(GoldErrorTest, SaysWhatIsWrongForAPerson) {
  Fuel fuel(kMaxFuel);
  EXPECT_EQ(GoldError("1/2", fuel), "");
  EXPECT_EQ(GoldError("12 apples", fuel), "the end was expected at 4: 'apples'");
  EXPECT_EQ(GoldError("1/0", fuel), "the denominator is zero at 4: ''");
  EXPECT_EQ(GoldError("1=2", fuel), "its two sides are not equal");
  EXPECT_EQ(GoldError("", fuel), "it is empty");
}

// Texts that bring other graders down: each is answered, and the answer is not CORRECT.
TEST(HostileTest, NothingCrashesOrTakesLong) {
  std::string nested_fractions, braces(5'000, '{'), minus(5'000, '-'), chain = "1";
  for (int i = 0; i < 400; ++i) nested_fractions += "\\frac{";
  for (int i = 0; i < 400; ++i) chain += "=1";
  for (const std::string& text : {nested_fractions, braces, minus, chain, std::string("9^{9^{9^9}}"), std::string("(10^7)!"), std::string("0.\\overline{"),
                                  std::string(1 << 20, '9'), std::string(1 << 20, '\\'), std::string("1,") + std::string(900, ','),
                                  std::string(500, '\xF0'), std::string(1000, '$'), std::string("\\frac"), std::string("\\")}) {
    EXPECT_NE(Verdict("1", text), "CORRECT") << text.substr(0, 40);
    EXPECT_EQ(Verdict(text, "1"), "GOLD_UNPARSEABLE") << text.substr(0, 40);
  }
}

TEST(HostileTest, RandomBytesFromTheGrammarsAlphabetNeverCrash) {
  const std::string_view pieces[] = {"1", "23", "456", ",", ".", "/", "\\frac", "{", "}", "%", "\\%", "=", "\\approx", "-", "+", " ", "$", "\\(", "\\)",
                                     "\\,", "\\!", "\\overline", "½", "−", "\xE2", "0", "\\dot"};
  uint64_t state = 1;
  for (int round = 0; round < 100'000; ++round) {
    std::string text;
    for (int i = 0; i < 12; ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      text += pieces[(state >> 33) % std::size(pieces)];
    }
    Fuel fuel(kMaxFuel);
    const Comparison self = Compare(text, text, fuel);
    EXPECT_TRUE(self.verdict == v1::VERDICT_CORRECT || self.verdict == v1::VERDICT_GOLD_UNPARSEABLE) << text;
  }
}

}  // namespace
}  // namespace cohort::reward::math

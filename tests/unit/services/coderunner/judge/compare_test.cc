#include "services/coderunner/judge/compare.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::coderunner {
namespace {

using ::testing::HasSubstr;

std::string Lines(std::string_view expected, std::string_view actual, double tolerance = 0) { return CompareText(expected, actual, TextRule::kLines, tolerance); }
std::string Tokens(std::string_view expected, std::string_view actual, double tolerance = 0) { return CompareText(expected, actual, TextRule::kTokens, tolerance); }
std::string Values(std::string_view expected, std::string_view actual, double tolerance = 0) {
  return CompareValues(*ParseJson(expected), *ParseJson(actual), tolerance);
}

TEST(CompareTextTest, FreesOnlyWhiteSpaceAtTheEndsOfLines) {
  EXPECT_EQ(Lines("1\n2\n", "1\n2"), "");
  EXPECT_EQ(Lines("1\n2\n", "1  \r\n2\t\r\n\r\n\n"), "");
  EXPECT_EQ(Lines("", "\n \n"), "");
  EXPECT_EQ(Lines("é 中 😀\n", "é 中 😀"), "");
  EXPECT_EQ(Lines("1\n2", "1\n3"), "line 2 is '3', '2' is expected");
  EXPECT_EQ(Lines("1\n2", "1"), "line 2 is missing: '2' is expected");
  EXPECT_EQ(Lines("1", "1\n2"), "line 2 is too much: '2'");
  EXPECT_EQ(Lines("1", ""), "line 1 is missing: '1' is expected");
  EXPECT_NE(Lines("1", " 1"), "");
  EXPECT_NE(Lines("1 2", "1  2"), "");
  EXPECT_NE(Lines("1\n\n2", "1\n2"), "");
  EXPECT_NE(Lines("Yes", "yes"), "");
  EXPECT_NE(Lines("1", "1.0"), "");
}

TEST(CompareTextTest, TokensFreeAllWhiteSpace) {
  EXPECT_EQ(Tokens("1 2\n3", " 1\n2   3\n"), "");
  EXPECT_EQ(Tokens("1 2", "1 2 3"), "word 3 is too much: '3'");
  EXPECT_EQ(Tokens("1 2", "1"), "word 2 is missing: '2' is expected");
  EXPECT_EQ(Tokens("1 2", "12"), "word 1 is '12', '1' is expected");
}

TEST(CompareTextTest, AToleranceIsForNumbersOnly) {
  EXPECT_NE(Lines("0.5", "0.50"), "");
  EXPECT_EQ(Lines("0.5", "0.50", 1e-6), "");
  EXPECT_EQ(Lines("x = 3.14159", "x = 3.141592", 1e-5), "");
  EXPECT_EQ(Lines("1000000", "1000000.9", 1e-6), "");
  EXPECT_NE(Lines("1000000", "1000002", 1e-6), "");
  EXPECT_NE(Lines("1", "1.1", 1e-6), "");
  EXPECT_NE(Lines("yes", "yess", 0.5), "");
  EXPECT_NE(Lines("1\n2", "1 2", 1e-6), "");
  for (const char* text : {"nan", "inf", "-inf", "0x1", "1e999"}) EXPECT_NE(Lines("1", text, 0.9), "") << text;
}

TEST(CompareTextTest, ShowsLittleOfWhatIsLongOrNotText) {
  EXPECT_LT(Lines("1", std::string(100'000, 'x')).size(), 200u);
  EXPECT_THAT(Lines("1", "\xff\xfe"), HasSubstr("'?\?'"));
}

TEST(CompareValuesTest, KindsDoNotMix) {
  for (const char* value : {"null", "true", "1", "\"1\"", "[1]", "{\"a\": 1}"}) {
    for (const char* other : {"null", "true", "1", "\"1\"", "[1]", "{\"a\": 1}"}) {
      EXPECT_EQ(Values(value, other).empty(), std::string(value) == other) << value << " " << other;
    }
  }
  EXPECT_EQ(Values("1", "true"), "the result is a boolean, an integer is expected");
}

TEST(CompareValuesTest, NumbersAreComparedExactly) {
  EXPECT_EQ(Values("3", "3.0"), "");
  EXPECT_EQ(Values("3.0", "3"), "");
  EXPECT_EQ(Values("1e20", "100000000000000000000"), "");
  EXPECT_NE(Values("0.3", "0.30000000000000004"), "");
  EXPECT_EQ(Values("0.3", "0.30000000000000004", 1e-9), "");
  EXPECT_NE(Values("9007199254740993", "9007199254740992"), "");
  EXPECT_NE(Values("9007199254740993", "9007199254740992.0"), "");
  EXPECT_NE(Values("123456789012345678901234567890", "123456789012345678901234567891"), "");
  EXPECT_EQ(Values("0", "-0.0"), "");
}

TEST(CompareValuesTest, SaysWhereTheyDiffer) {
  EXPECT_EQ(Values("[1, {\"a\": [2, 3]}]", "[1, {\"a\": [2, 4]}]"), "the result[1].a[1] is '4', '3' is expected");
  EXPECT_EQ(Values("[1, 2]", "[1]"), "the result has 1 items, 2 are expected");
  EXPECT_EQ(Values("{\"a\": 1}", "{\"b\": 1}"), "the result has no key 'a'");
  EXPECT_NE(Values("[1, 2]", "[2, 1]"), "");
}

}  // namespace
}  // namespace cohort::coderunner

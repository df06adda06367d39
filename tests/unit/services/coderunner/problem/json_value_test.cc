#include "services/coderunner/problem/json_value.h"

#include <string>

#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::coderunner {
namespace {

using cohort::testing::StatusIs;
using Kind = JsonValue::Kind;
using ::testing::HasSubstr;

std::string RoundTrip(std::string_view text) {
  const auto value = ParseJson(text);
  return value.ok() ? ToText(*value) : std::string(value.status().message());
}

TEST(JsonValueTest, KeepsEveryKindOfValue) {
  for (const char* text : {"null", "true", "false", "0", "-17", "1.5", "1e+300", "\"\"", "\"a\\n\\\"b\\\" ü\"", "[]", "[1, [2, \"x\"], null]", "{}", "{\"a\": {\"b\": [true]}}"}) {
    EXPECT_EQ(RoundTrip(text), text);
  }
}

TEST(JsonValueTest, KeepsIntegersThatNoMachineWordHolds) {
  const std::string large(300, '9');
  EXPECT_EQ(RoundTrip(large), large);
  EXPECT_EQ(RoundTrip("-" + large), "-" + large);
  ASSERT_OK_AND_ASSIGN(const JsonValue value, ParseJson(large));
  EXPECT_TRUE(value.is(Kind::kInteger));
}

TEST(JsonValueTest, WritesAFloatSoThatItStaysOne) {
  EXPECT_EQ(RoundTrip("2.0"), "2.0");
  EXPECT_EQ(RoundTrip("1e3"), "1000.0");
  EXPECT_EQ(RoundTrip("-0"), "0");
}

TEST(JsonValueTest, RefusesWhatIsNotJson) {
  for (const char* text : {"", "NaN", "Infinity", "[1,]", "{\"a\":1", "1 2", "'a'", "\"\\ud800\"", "\"\xff\"", "1e999", "{\"a\": 1, \"a\": 2}"}) {
    EXPECT_THAT(ParseJson(text), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

TEST(JsonValueTest, ANumberBeyondTheRangeOfADoubleIsRefused) {
  EXPECT_OK(ParseJson("1" + std::string(307, '0')));
  EXPECT_THAT(ParseJson("1" + std::string(310, '0')), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(JsonValueTest, RefusesWhatIsNestedTooDeeply) {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_OK(ParseJson(nested(kMaxJsonDepth)));
  EXPECT_THAT(ParseJson(nested(kMaxJsonDepth + 1)), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("nested deeper than 64")));
  EXPECT_FALSE(ParseJson(std::string(1 << 20, '[')).ok());
}

}  // namespace
}  // namespace cohort::coderunner

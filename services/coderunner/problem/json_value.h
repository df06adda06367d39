#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace cohort::coderunner {

// Deepest nesting of arrays and objects that is read.
inline constexpr size_t kMaxJsonDepth = 64;

// A JSON value that keeps what a double would lose: integers of any length stay exact.
struct JsonValue {
  enum class Kind { kNull, kBool, kInteger, kFloat, kString, kArray, kObject };

  Kind kind = Kind::kNull;
  bool boolean = false;                      // kBool
  double number = 0;                         // kInteger (the nearest double), kFloat
  std::string text;                          // kInteger: its digits (308 at most, within the range of a double), with '-' when below 0; kString: the text in UTF-8
  std::vector<JsonValue> items;              // kArray
  std::map<std::string, JsonValue> fields;   // kObject

  bool is(Kind wanted) const { return kind == wanted; }
  bool is_number() const { return kind == Kind::kInteger || kind == Kind::kFloat; }
};

// "null", "a boolean", "an integer", "a number", "a string", "an array", "an object".
const char* Describe(JsonValue::Kind kind);

// Reads one JSON value; takes time linear in the text and never recurses. INVALID_ARGUMENT says what is wrong and where: not JSON, invalid UTF-8, a key twice in
// an object, nested deeper than kMaxJsonDepth, a number beyond the range of doubles.
absl::StatusOr<JsonValue> ParseJson(std::string_view text);

// The value on one line, for drivers and for people.
std::string ToText(const JsonValue& value);

}  // namespace cohort::coderunner

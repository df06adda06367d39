#pragma once

#include <cstddef>
#include <string_view>

#include "common/reward/auxiliary/scripts.h"
#include "common/reward/format/span.h"

namespace cohort::reward {

// A piece of a text: a word, a number, a character of a script without spaces, or a sign.
struct Unit {
  Span span;
  Script script = Script::kNone;  // kNone for numbers and signs.
  size_t letters = 0;
};

// Longest word or number in characters; longer runs are cut, so that a text without spaces still has many units.
inline constexpr size_t kMaxUnitCharacters = 16;

// Cuts a text into units, white space and invisible characters left out. Bytes that are not UTF-8 are signs. Linear time, no memory.
class UnitReader {
 public:
  explicit UnitReader(std::string_view text) : text_(text) {}

  // False at the end.
  bool Next(Unit* unit);

 private:
  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace cohort::reward

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "services/reward/math/fuel.h"
#include "services/reward/math/rational.h"

namespace cohort::reward::math {

// What a whole answer says.
struct ParsedAnswer {
  Rational value;           // Of the last term that is exact.
  bool chain_holds = true;  // Every link of a = b = c is true.
};

// An answer, or why it cannot be parsed.
struct ParseResult {
  std::optional<ParsedAnswer> answer;
  std::string error;
};

// RS-1, rules 8 and 9. Parses the whole text or fails; nothing in it is passed over but white space, one final '.', and one pair of $..$, $$..$$, \(..\) or
// \[..\] around it. A chain `a = b = c` means its last term and holds when all terms are equal. After `\approx` one last decimal may follow, which has to
// agree with the exact term before it to the digits shown; the exact term is the answer. Texts longer than `max_bytes` fail.
ParseResult ParseAnswer(std::string_view text, size_t max_bytes, Fuel& fuel);

}  // namespace cohort::reward::math

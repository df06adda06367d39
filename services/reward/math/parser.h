#pragma once

#include <string>
#include <string_view>

#include "services/reward/math/ast.h"
#include "services/reward/math/fuel.h"

namespace cohort::reward::math {

// Which of its two meanings a comma before exactly three digits has, and an e before a sign and digits.
struct Reading {
  bool thousands_outside_brackets = true;
  bool thousands_inside_brackets = false;
  bool signed_exponents = false;  // 2e-3 is 0.002, not 2e - 3.
};

struct Parsed {
  Ast ast;
  std::string error;       // Why the text cannot be parsed, for a person; "" when it can.
  bool ambiguous = false;  // It has a comma or an e that the other reading takes for the other thing.
};

// RS-1, rule 8: parses the whole text or fails; nothing in it is passed over but white space, style commands, one final full stop and delimiters of mathematics
// ($…$, \(…\), \[…\]). A Pratt parser over an explicit stack: no recursion, and every limit of limits.h holds while it reads.
//
// What the notation means is in the README of this folder. Texts longer than `max_bytes` fail. A pure function.
Parsed Parse(std::string_view text, size_t max_bytes, const Reading& reading, Fuel& fuel);

}  // namespace cohort::reward::math

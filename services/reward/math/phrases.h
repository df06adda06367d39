#pragma once

#include "services/reward/math/fuel.h"
#include "services/reward/math/lexer.h"

namespace cohort::reward::math {

// Replaces words between formulas by the signs they stand for, in the tokens of a text:
//
//   kπ, where k is any integer; kπ for k ∈ ℤ; kπ for integer k    kπ, k ∈ ℤ
//   cx for some constant c; cx, where c is real                   cx, c ∈ ℝ
//   f(x) = x for all real x; f(x) = x, x ∈ ℝ                      f(x) = x
//   all real numbers except 1                                     ℝ \ {1}
//   x &= 1 in an environment; \{ before one that nothing closes   x = 1; nothing
//
// A phrase that is in no table stays. Takes time linear in the tokens, paid from `fuel`.
void ReadPhrases(Lexed& lexed, Fuel& fuel);

}  // namespace cohort::reward::math

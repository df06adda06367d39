#pragma once

#include "services/reward/math/fuel.h"
#include "services/reward/math/lexer.h"

namespace cohort::reward::math {

// Intervals whose open ends are written with brackets that point outwards, ]2, 5[ and [2, 5[: turns the tokens of these brackets into round ones. A ']' opens where a value is
// expected, a '[' closes behind the second of two values. Linear in the tokens.
void TurnOutwardBrackets(Lexed& lexed, Fuel& fuel);

}  // namespace cohort::reward::math

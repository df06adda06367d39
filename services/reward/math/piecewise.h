#pragma once

#include <optional>

#include "services/reward/math/scalar.h"

namespace cohort::reward::math {

// Compares two piecewise functions (kCases): every value has its condition, in any order. Where only one side says "otherwise", the conditions are compared as the sets of
// real numbers that they leave.
Decision CompareCases(View a, View b, const Context& context);

// Compares a piecewise function of one real variable with another or with a formula: the same domain, and on every part of it the same value. Quotients of polynomials and
// absolute values only; nullopt for everything else.
std::optional<Decision> CompareAsFunctions(View a, View b, const Context& context);

}  // namespace cohort::reward::math

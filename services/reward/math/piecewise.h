#pragma once

#include "services/reward/math/scalar.h"

namespace cohort::reward::math {

// Compares two piecewise functions (kCases): every value has its condition, in any order. Where only one side says "otherwise", the conditions are compared as the sets of
// real numbers that they leave.
Decision CompareCases(View a, View b, const Context& context);

}  // namespace cohort::reward::math

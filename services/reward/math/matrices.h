#pragma once

#include <optional>

#include "services/reward/math/scalar.h"

namespace cohort::reward::math {

// Compares matrices entry by entry, numbers before them multiplied in, sums added up; a column is also a tuple in round or angle brackets.
// nullopt when neither side is a matrix.
std::optional<Decision> CompareMatrices(View a, View b, const Context& context);

}  // namespace cohort::reward::math

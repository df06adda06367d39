#pragma once

#include <optional>

#include "services/reward/math/scalar.h"

namespace cohort::reward::math {

// Whether it can be nothing but a matrix or a vector: an environment, v^T, multiples and sums of them. Rows in brackets, [[1, 2], [3, 4]], may be a list of intervals.
bool IsMatrix(View view, const Context& context);

// Compares matrices entry by entry, numbers before them multiplied in, sums added up, products and powers of matrices of rational numbers calculated; a column is also a tuple in round or angle brackets, and a matrix its rows in
// square brackets. nullopt when neither side is surely a matrix.
std::optional<Decision> CompareMatrices(View a, View b, const Context& context);

}  // namespace cohort::reward::math

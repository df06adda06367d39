#pragma once

#include "services/reward/math/ast.h"
#include "services/reward/math/fuel.h"

namespace cohort::reward::math {

// Replaces infinite sums of geometric sequences of rational numbers by their values: \sum_{n=1}^\infty \frac{1}{2^n} by 1. The terms are found by their structure (products,
// quotients and powers of numbers whose exponents are linear in the index, and sums of these), so that the value is proven; what does not converge absolutely stays as it is.
void CloseGeometricSums(Ast& ast, Fuel& fuel);

}  // namespace cohort::reward::math

#pragma once

#include <optional>

#include "services/reward/math/scalar.h"

namespace cohort::reward::math {

// Compares two answers that stand for the values of an expression for all numbers of a kind: "x = π/4 + kπ, k ∈ ℤ", "kπ (k ∈ ℤ)", {2k : k ∈ ℤ}. The name of the number
// does not matter. Over ℤ, π/4 + kπ and 5π/4 - nπ are the same values; an expression without its "k ∈ ℤ" is taken as one with it. nullopt when neither is such a
// family, or one is and the other cannot be.
std::optional<Decision> CompareFamilies(View a, View b, const Context& context);

}  // namespace cohort::reward::math

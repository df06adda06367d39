#pragma once

#include <optional>

#include "services/reward/math/scalar.h"

namespace cohort::reward::math {

// Compares a calculation with tuples, (1, 2) + t(3, 4), 2(1, 3) or i + 2j + 3k in unit vectors, with a tuple or a column of as many members, or with another calculation
// with tuples, member by member. nullopt for everything else. t(3, 4) is a product here, as t is no function of points.
std::optional<Decision> CompareVectors(View a, View b, const Context& context);

}  // namespace cohort::reward::math

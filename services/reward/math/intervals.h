#pragma once

#include <optional>
#include <string>

#include "services/reward/math/cells.h"
#include "services/reward/math/scalar.h"

namespace cohort::reward::math {

// A set of real numbers that a text describes, and the variable that runs over it ("x > 2"); empty for a set without one ("(2, ∞)").
struct RealSet {
  Cells cells;
  std::string variable;
};

// Reads intervals, finite sets, ℝ, unions, intersections, differences, inequalities and equations in one variable (polynomials, quotients and absolute values of
// them), chains, conjunctions and disjunctions of these, x ∈ S, and set-builder forms over them. nullopt for everything else.
std::optional<RealSet> AsRealSet(View view, const Context& context);

// Compares answers of which at least one can only be a set of reals (an inequality, a union, a half-open bracket, an end at infinity). nullopt otherwise.
std::optional<Decision> CompareSets(View a, View b, const Context& context);

}  // namespace cohort::reward::math

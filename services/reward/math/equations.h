#pragma once

#include <optional>

#include "services/reward/math/scalar.h"

namespace cohort::reward::math {

// Compares two relations. Equations are the same when the differences of their sides have a constant ratio other than zero at random points, when they define the
// same name by equal values, or, in one variable, when they have the same real roots. Inequalities when that ratio is positive after both have been turned to
// the same side. Other relations side by side.
Decision CompareRelations(View a, View b, const Context& context);

// RS-1, rule 9: what a chain a = b = c means, and whether all of its links hold. A chain of closed terms means its last one; x = b = c means x = c; a last term
// behind ≈ has to agree with the term before it to the digits shown, and is no part of the answer.
struct Chain {
  bool holds = true;
  NodeId root = 0;          // What it means: a subtree of the text's tree, or of `made` where that had to be made.
  std::optional<Ast> made;
};
Chain ResolveChain(View view, const Context& context);

}  // namespace cohort::reward::math

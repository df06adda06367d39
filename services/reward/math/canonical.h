#pragma once

#include "services/reward/math/ast.h"
#include "services/reward/math/form.h"
#include "services/reward/math/fuel.h"

namespace cohort::reward::math {

// The canonical form of the subtree `id`: rational arithmetic done, sums and products flattened and sorted, like terms and like factors collected, roots of
// perfect powers taken, synonyms unified. Equal texts mean equal values; the converse does not hold. Spends `fuel` and stops early when it runs out.
Form Canonical(const Ast& ast, NodeId id, Fuel& fuel);

}  // namespace cohort::reward::math

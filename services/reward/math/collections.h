#pragma once

#include <vector>

#include "services/reward/math/scalar.h"

namespace cohort::reward::math {

// Members that are compared in their order, one by one.
Decision CompareInOrder(const std::vector<View>& a, const std::vector<View>& b, const Context& context);

// Lists and sets: members in any order, unless the policy or an ellipsis says otherwise; ± is written out; a single answer is a list of one.
Decision CompareCollections(View a, View b, const Context& context);

// Tuples: the same brackets, then in order.
Decision CompareTuples(View a, View b, const Context& context);

}  // namespace cohort::reward::math

#pragma once

#include <optional>

#include "services/reward/math/ast.h"
#include "services/reward/math/scalar.h"

namespace cohort::reward::math {

// An expression without variables but for permutations, as a number: P(5,2), A_5^2 and P_5^2 are 20. They look like the name of a point and like powers of a
// variable, hence count as permutations only where a number is asked for. nullopt when there are none, or when other variables stand beside them.
std::optional<Ast> WithPermutationsCounted(View view);

}  // namespace cohort::reward::math

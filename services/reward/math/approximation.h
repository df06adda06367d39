#pragma once

#include <optional>

#include "services/reward/math/scalar.h"

namespace cohort::reward::math {

// Whether `answer` is near enough to the reference answer `gold` under the policy's approximation; asked after exact comparison has failed. Both have to be
// constants, or assignments of constants. nullopt when the policy does not apply.
std::optional<Decision> CompareApproximately(View gold, View answer, const Context& context);

}  // namespace cohort::reward::math

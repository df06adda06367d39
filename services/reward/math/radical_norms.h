#pragma once

#include <optional>
#include <string>

#include "services/reward/math/sign_changes.h"

namespace cohort::reward::math {

// Where a - b may change its sign or end, as a function of `variable` built from quotients of polynomials and up to three different square roots of them: the roots of its norm
// (the product over all signs of the roots, which is a quotient of polynomials and vanishes wherever a - b does), the ends of the domains, and the poles. nullopt for everything else.
std::optional<CriticalPoints> FindRadicalCriticalPoints(View a, View b, const std::string& variable, const Context& context);

}  // namespace cohort::reward::math

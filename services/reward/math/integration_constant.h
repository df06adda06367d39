#pragma once

#include <optional>

#include "services/reward/math/scalar.h"

namespace cohort::reward::math {

// Compares x² + C with x² + c: functions of one variable and a constant of integration, which is written in both ways. nullopt for everything else.
std::optional<Decision> CompareUpToConstantName(View a, View b, const Context& context);

}  // namespace cohort::reward::math

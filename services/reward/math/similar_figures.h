#pragma once

#include <optional>

#include "services/reward/math/scalar.h"

namespace cohort::reward::math {

// Whether it says that two figures with named corners are similar or congruent: △ABC ∼ △DEF.
bool IsSimilarity(View view);

// Compares two such statements: the same corners have to correspond. ABC ∼ DEF is BCA ∼ EFD and DEF ∼ ABC, but not ABC ∼ DFE. nullopt where one is no such statement.
std::optional<Decision> CompareSimilarities(View a, View b);

}  // namespace cohort::reward::math

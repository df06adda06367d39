#pragma once

#include "tests/golden/reward/metamorphic/choices.h"
#include "tests/golden/reward/metamorphic/tree.h"

namespace cohort::reward::metamorphic {

// `tree` with one change a model could make: a sign, a digit, an exponent, a variable, a function, a bracket, an operation, a lost term. The value has
// certainly changed (Liken says so); nullptr when none of a few attempts changed it.
TreePtr Mutate(const TreePtr& tree, Choices& choices);

}  // namespace cohort::reward::metamorphic

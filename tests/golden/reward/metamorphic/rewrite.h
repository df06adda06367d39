#pragma once

#include "tests/golden/reward/metamorphic/choices.h"
#include "tests/golden/reward/metamorphic/tree.h"

namespace cohort::reward::metamorphic {

// `tree` after up to `steps` value-preserving rewrites at random places: order of operands, expanding, factoring, rationalising, reducing, identities of
// roots, powers, sines, logarithms, factorials. Same value wherever `tree` has one, and real where `tree` is real.
TreePtr Rewrite(TreePtr tree, int steps, Choices& choices);

}  // namespace cohort::reward::metamorphic

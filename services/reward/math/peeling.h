#pragma once

#include <optional>
#include <vector>

#include "services/reward/math/ast.h"
#include "services/reward/math/scalar.h"

namespace cohort::reward::math {

// Relations that together say the same as one with a root, a logarithm or an exponential in it.
struct Peeled {
  std::vector<Ast> conditions;  // Each a relation of two terms; all have to hold.
  bool never = false;           // Nothing satisfies it.
};

// Takes the outermost constant, root, logarithm or exponential off the side of `left R right` that depends on `variable`, where the other side is a constant:
// these functions rise or fall, so that the relation holds for their arguments as well, where the function has a value. √(x-1) > 2 becomes x-1 ≥ 0 and x-1 > 2²;
// log_2 x < 3 becomes x > 0 and x < 2³. Signs are certified. nullopt when there is nothing of that kind to take off, or when a sign cannot be told.
std::optional<Peeled> Peel(View left, Relation relation, View right, const std::string& variable, const Context& context);

}  // namespace cohort::reward::math

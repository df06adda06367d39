#pragma once

#include "services/reward/math/ast.h"
#include "services/reward/math/fuel.h"

namespace cohort::reward::math {

// Writes out what the statements of an answer leave unsaid:
//
//   n ≡ 1, 3 (mod 8)      n ≡ 1 (mod 8), n ≡ 3 (mod 8): a modulus counts for all residues before it, a name for all behind it
//   x = y = z = 1         x = 1, y = 1, z = 1
//   f(x) ≡ 0, f ≡ 0       f(x) = 0, f = 0: without a modulus it is an identity of functions
//
// Everything else stays as it is.
void ReadStatements(Ast& ast, Fuel& fuel);

}  // namespace cohort::reward::math

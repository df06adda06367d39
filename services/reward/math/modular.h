#pragma once

#include "services/reward/math/scalar.h"

namespace cohort::reward::math {

// Compares constants that are too large to be written out, such as 7^{7^{7^7}} + 1, by their residues modulo three random primes of 61 bits. Exponents are
// taken modulo φ(p), φ(φ(p)), … where they are large enough for that. Different residues prove a difference. Equal residues count as equality only where
// the difference is known to have at most kMaxResidueBits bits, so that at most a few of the 2^54 primes divide it; otherwise kUnknown, as for everything
// that has no residue (roots, π, variables).
Decision CompareResidues(View a, View b, const Context& context);

}  // namespace cohort::reward::math

#pragma once

#include <optional>

#include "services/reward/math/scalar.h"

namespace cohort::reward::math {

// Quotients of polynomials with rational coefficients, compared by their residues at random points modulo three primes of 61 bits that follow from both texts and the secret of
// the context. Residues that differ prove a difference. Equal residues mean equality: for a polynomial of degree d with coefficients of B bits in all that is not
// zero, a random point is a root with a probability of at most d / 2^60, and at most B / 60 of the 2^54 primes make it vanish; d and B are bounded by 2^20, so that
// three primes err with a probability below 2^-110.

// Whether both are the same function where both have a value; nullopt when one is no such quotient, is too large, or has no value at the points.
std::optional<Decision> CompareRationalFunctions(View a, View b, const Context& context);

// Whether a is b times a number other than zero; kUnknown as nullopt above.
Equality CompareProportional(View a, View b, const Context& context);

}  // namespace cohort::reward::math

#pragma once

#include "tests/golden/reward/metamorphic/choices.h"
#include "tests/golden/reward/metamorphic/tree.h"

namespace cohort::reward::metamorphic {

// What a random expression is made of.
enum class Flavour : uint8_t {
  kPolynomial,  // Integers, fractions, variables, sums, products, small powers.
  kConstant,    // No variables: roots, pi, e, logarithms, sines, factorials.
  kRational,    // Quotients of polynomials.
  kFunction,    // Roots, exponentials, sines, sizes of variables.
  kComplex,     // No variables, the imaginary unit.
};
inline constexpr uint32_t kFlavours = 5;

// A random expression, at most about twenty nodes.
TreePtr Grow(Flavour flavour, Choices& choices);

// A random rational number, never zero.
TreePtr GrowNumber(Choices& choices);

}  // namespace cohort::reward::metamorphic

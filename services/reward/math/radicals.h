#pragma once

#include <optional>

#include "services/reward/math/form.h"
#include "services/reward/math/fuel.h"

namespace cohort::reward::math {

// base^exponent for rational numbers, as powers of the primes in the base, each with an exponent between 0 and 1: √12 is 2·3^(1/2), 1/√2 is 1/2·2^(1/2). Negative
// bases have real odd roots (README.md), and square roots that are multiples of i. nullopt for other roots of negative numbers, when numerator or denominator
// of the base is beyond 2^62, for zero, and when fuel runs out.
std::optional<Form> PowerOfNumber(const Rational& base, const Rational& exponent, Fuel& fuel);

// The same for a form that is a product of a positive number and roots of numbers: (2√2)^(1/3).
std::optional<Form> PowerOfRadical(const Form& base, const Rational& exponent, Fuel& fuel);

}  // namespace cohort::reward::math

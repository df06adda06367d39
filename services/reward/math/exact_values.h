#pragma once

#include <optional>

#include "absl/container/inlined_vector.h"
#include "services/reward/math/ast.h"
#include "services/reward/math/fuel.h"
#include "services/reward/math/rational.h"

namespace cohort::reward::math {

using Numbers = absl::InlinedVector<Rational, 2>;

// Functions of rational numbers, where their value is a rational number that the limits allow to be written. nullopt otherwise, and when fuel runs out.

// `arguments` are as many as the function takes.
std::optional<Rational> ExactFunction(Function function, const Numbers& arguments);
// n!, n!! for whole n from 0.
std::optional<Rational> ExactFactorial(const Rational& n, Fuel& fuel);
std::optional<Rational> ExactDoubleFactorial(const Rational& n, Fuel& fuel);
// For whole n and k from 0.
std::optional<Rational> ExactBinomial(const Rational& n, const Rational& k, Fuel& fuel);
// a - m ⌊a / m⌋; m is not zero.
std::optional<Rational> ExactRemainder(const Rational& a, const Rational& m, Fuel& fuel);
// The real root of an index from 1; of negative numbers for odd ones.
std::optional<Rational> ExactRoot(const Rational& value, const fmpz* index, Fuel& fuel);
// base^exponent for a whole exponent; the base is not zero where that is negative.
std::optional<Rational> ExactPower(const Rational& base, int64_t exponent, Fuel& fuel);

}  // namespace cohort::reward::math

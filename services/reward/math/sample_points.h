#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "services/reward/math/random.h"
#include "services/reward/math/rational.h"
#include "services/reward/math/scalar.h"

namespace cohort::reward::math {

// The points at which functions of variables are compared, and what is known about their variables.

inline constexpr int kSignPatterns = 8;          // All signs of three variables.
inline constexpr uint64_t kMaxFirstWhole = 20;
inline constexpr int64_t kMaxFastStep = 300, kMaxStep = 1'000'000;
inline constexpr int kSignRounds = 2;            // As often: a domain that only one side has has to be met twice.

enum class Domain : uint8_t { kReal, kPositive, kWhole };

// Adds the names that stand for whole numbers: under a factorial, in a binomial, as a bound, as an exponent of a negative number; n, m, k where things are counted.
void CollectIntegers(View view, std::vector<std::string>& names);
// Adds the names that are the base of a logarithm, which is positive by definition.
void CollectBases(View view, std::vector<std::string>& names);
// Adds the names of which `a` takes the logarithm and `b` that of their product: both speak of positive numbers.
void CollectLogarithmands(View a, View b, std::vector<std::string>& names);

// The value of variable number `index` at one of the points; among the first every sign of the first three variables occurs together with every other, twice.
Rational Draw(Random& random, int attempt, size_t index, Domain domain, bool rational_function, bool piecewise);

// Whether large whole numbers make it expensive: n!, 2^n, sums up to n.
bool GrowsFast(View view);
// Adds the whole numbers up to `largest` that are written, and their successors, where steps of a function of whole numbers may lie.
void CollectSteps(View view, int64_t largest, std::vector<int64_t>& steps);

}  // namespace cohort::reward::math

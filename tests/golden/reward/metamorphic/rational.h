#pragma once

#include <cstdint>
#include <string>

#include "tests/golden/reward/metamorphic/choices.h"

namespace cohort::reward::metamorphic {

// An exact fraction in lowest terms, small enough for 64 bits.
struct Fraction {
  int64_t n = 0;
  int64_t d = 1;  // Positive.

  friend bool operator==(const Fraction&, const Fraction&) = default;
  friend bool operator<(const Fraction& a, const Fraction& b) { return a.n * b.d < b.n * a.d; }
};

Fraction Reduced(int64_t n, int64_t d);
Fraction operator+(Fraction a, Fraction b);
Fraction operator*(Fraction a, Fraction b);

// A random fraction, not zero, of at most four digits.
Fraction DrawFraction(Choices& choices);

// Another one, near `value`.
Fraction ChangedFraction(Fraction value, Choices& choices);

// The fraction as integer, fraction or decimal, in any of their spellings.
std::string WriteFraction(Fraction value, Choices& choices);

// As above, and also in the spellings that only stand alone: percent, thousands, mixed, repeating decimals, powers of ten.
std::string WriteAlone(Fraction value, Choices& choices);

}  // namespace cohort::reward::metamorphic

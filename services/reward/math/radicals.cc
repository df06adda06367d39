#include "services/reward/math/radicals.h"

#include <flint/ulong_extras.h>

#include <algorithm>
#include <cstdint>
#include <string>

namespace cohort::reward::math {
namespace {

constexpr uint64_t kLargest = uint64_t{1} << 62;
constexpr uint64_t kLastTrialDivisor = 1021;  // What is left beyond it stays in one piece: then equal numbers may have different forms, never different ones the same.
constexpr int64_t kTrialFuel = 200;
constexpr int64_t kMaxExponentBits = 60;

// Adds the primes of `number` to the factors of `term`, to the power `exponent` each.
void AddPrimes(uint64_t number, const Rational& exponent, Term& term) {
  const auto take = [&](uint64_t prime, int64_t times) { term.factors.push_back({std::to_string(prime), exponent * Rational(times)}); };
  for (uint64_t divisor = 2; divisor <= kLastTrialDivisor && divisor * divisor <= number; divisor += divisor == 2 ? 1 : 2) {
    int64_t times = 0;
    for (; number % divisor == 0; number /= divisor) ++times;
    if (times > 0) take(divisor, times);
  }
  if (number > 1) take(number, 1);
}

bool FitsWord(const fmpz* value) { return fmpz_abs_fits_ui(value) && fmpz_get_ui(value) < kLargest; }

bool IsSmall(const Rational& exponent) { return exponent.bits() <= kMaxExponentBits; }

}  // namespace

std::optional<Form> PowerOfNumber(const Rational& base, const Rational& exponent, Fuel& fuel) {
  if (base.is_zero() || !FitsWord(base.numerator()) || !FitsWord(base.denominator()) || !IsSmall(exponent) || !fuel.Spend(kTrialFuel)) return std::nullopt;
  Form power;
  Term& term = power.terms.emplace_back();
  term.coefficient = Rational(1);
  if (base.sign() < 0) {
    const bool odd = !fmpz_is_even(exponent.denominator());
    const bool square = fmpz_equal_ui(exponent.denominator(), 2);
    if (!odd && !square) return std::nullopt;
    if (odd && !fmpz_is_even(exponent.numerator())) term.coefficient = Rational(-1);
    if (square) term.factors.push_back({"i", exponent * Rational(2)});
  }
  const Rational size = base.Abs();
  AddPrimes(fmpz_get_ui(size.numerator()), exponent, term);
  AddPrimes(fmpz_get_ui(size.denominator()), -exponent, term);
  MergeFactors(term);
  return power;
}

std::optional<Form> PowerOfRadical(const Form& base, const Rational& exponent, Fuel& fuel) {
  if (base.terms.size() != 1 || base.terms[0].coefficient.sign() <= 0) return std::nullopt;
  const auto& factors = base.terms[0].factors;
  if (std::any_of(factors.begin(), factors.end(), [](const Factor& factor) { return factor.atom[0] < '0' || factor.atom[0] > '9' || !IsSmall(factor.exponent); })) return std::nullopt;
  std::optional<Form> power = PowerOfNumber(base.terms[0].coefficient, exponent, fuel);
  if (!power.has_value()) return std::nullopt;
  Term& term = power->terms[0];
  for (const Factor& factor : factors) term.factors.push_back({factor.atom, factor.exponent * exponent});
  MergeFactors(term);
  return power;
}

}  // namespace cohort::reward::math

#include "services/reward/math/exact_values.h"

#include <flint/arith.h>
#include <flint/fmpz.h>

#include <algorithm>
#include <cstdlib>

#include "services/reward/math/limits.h"

namespace cohort::reward::math {
namespace {

constexpr int64_t kMaxRootIndex = 1024;

bool Less(const Rational& a, const Rational& b) { return Compare(a, b) < 0; }

std::optional<Rational> CommonDivisorOrMultiple(Function function, const Numbers& x) {
  if (!std::all_of(x.begin(), x.end(), [](const Rational& value) { return value.is_integer(); })) return std::nullopt;
  Rational result = x[0].Abs();
  for (const Rational& value : x) {
    fmpz* out = fmpq_numref(result.get());
    function == Function::kGcd ? fmpz_gcd(out, out, value.numerator()) : fmpz_lcm(out, out, value.numerator());
    if (result.bits() > kMaxExactBits) return std::nullopt;
  }
  return result;
}

}  // namespace

std::optional<Rational> ExactFunction(Function function, const Numbers& x) {
  switch (function) {
    case Function::kAbs: return x[0].Abs();
    case Function::kFloor: return x[0].Floor();
    case Function::kCeiling: return x[0].Ceiling();
    case Function::kRe: return x[0];
    case Function::kIm: return Rational(0);
    case Function::kSign: return Rational(x[0].sign());
    case Function::kMax: return *std::max_element(x.begin(), x.end(), Less);
    case Function::kMin: return *std::min_element(x.begin(), x.end(), Less);
    case Function::kExp: case Function::kSin: case Function::kTan: case Function::kArcSin: case Function::kArcTan: case Function::kSinh: case Function::kTanh:
      if (!x[0].is_zero()) return std::nullopt;
      return Rational(function == Function::kExp ? 1 : 0);
    case Function::kCos: case Function::kCosh: return x[0].is_zero() ? std::optional<Rational>(1) : std::nullopt;
    case Function::kLn: case Function::kLog10: return x[0].is_one() ? std::optional<Rational>(0) : std::nullopt;
    case Function::kGcd: case Function::kLcm: return CommonDivisorOrMultiple(function, x);
    default: return std::nullopt;
  }
}

std::optional<Rational> ExactFactorial(const Rational& n, Fuel& fuel) {
  if (n.ToInt64() > kMaxFactorial || !fuel.Spend(n.ToInt64() * 2)) return std::nullopt;
  Rational value;
  fmpz_fac_ui(fmpq_numref(value.get()), static_cast<ulong>(n.ToInt64()));
  return value;
}

std::optional<Rational> ExactDoubleFactorial(const Rational& n, Fuel& fuel) {
  if (n.ToInt64() > kMaxFactorial) return std::nullopt;
  Rational value(1);
  for (int64_t k = n.ToInt64(); k > 1; k -= 2) {
    if (!fuel.Spend(1 + value.bits() / 64)) return std::nullopt;
    fmpz_mul_si(fmpq_numref(value.get()), fmpq_numref(value.get()), k);
  }
  return value;
}

std::optional<Rational> ExactBinomial(const Rational& n, const Rational& k, Fuel& fuel) {
  if (n.ToInt64() > kMaxExactBits) return std::nullopt;
  if (k.ToInt64() > n.ToInt64()) return Rational(0);
  const int64_t chosen = std::min(k.ToInt64(), n.ToInt64() - k.ToInt64());
  if (chosen > kMaxFactorial || !fuel.Spend(4 + chosen * 8)) return std::nullopt;
  Rational value;
  fmpz_bin_uiui(fmpq_numref(value.get()), static_cast<ulong>(n.ToInt64()), static_cast<ulong>(chosen));
  return value;
}

std::optional<Rational> ExactRemainder(const Rational& a, const Rational& m, Fuel& fuel) {
  const int64_t words = 1 + a.bits() / 64, more = 1 + m.bits() / 64;
  if (!fuel.Spend(words * more / 8 + words + more)) return std::nullopt;
  return a - m * (a / m).Floor();
}

std::optional<Rational> ExactRoot(const Rational& value, const fmpz* index, Fuel& fuel) {
  if (!fmpz_fits_si(index)) return std::nullopt;
  const int64_t n = fmpz_get_si(index);
  if (n < 1 || n > kMaxRootIndex || (value.sign() < 0 && n % 2 == 0) || !fuel.Spend(16 + value.bits())) return std::nullopt;
  Rational root;
  const Rational size = value.Abs();
  if (!fmpz_root(fmpq_numref(root.get()), size.numerator(), n) || !fmpz_root(fmpq_denref(root.get()), size.denominator(), n)) return std::nullopt;
  return value.sign() < 0 ? -root : root;
}

std::optional<Rational> ExactPower(const Rational& base, int64_t exponent, Fuel& fuel) {
  const int64_t bits = base.is_one() ? 0 : base.bits();
  if (std::abs(exponent) > kMaxExactBits || std::abs(exponent) * bits > kMaxExactBits || !fuel.Spend(std::abs(exponent) * bits / 16)) return std::nullopt;
  return base.Power(exponent);
}

}  // namespace cohort::reward::math

#include "services/reward/math/modular.h"

#include <flint/ulong_extras.h>

#include <cmath>
#include <limits>
#include <optional>

#include "services/reward/math/limits.h"
#include "services/reward/math/random.h"

namespace cohort::reward::math {
namespace {

constexpr int kPrimes = 3;
constexpr size_t kMaxResidueNodes = 256;  // The evaluation is recursive.
constexpr int64_t kMaxResidueFactorial = 1'000'000;
constexpr int64_t kTotientFuel = 20'000;
constexpr double kLargest = 1e300;
constexpr double kEulerBound = 64;  // An exponent that is at least the bits of the modulus may be reduced.

// Bounds of a real number, and of the bits of its numerator and denominator together.
struct Bounds {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  double bits = std::numeric_limits<double>::infinity();
  bool whole = false;
};

// The binary logarithm of its size, a little too large.
double LogOf(const fmpz* value) {
  const int64_t bits = static_cast<int64_t>(fmpz_bits(value));
  if (bits > 1000) return static_cast<double>(bits);
  const double size = std::abs(fmpz_get_d(value));
  return size <= 1 ? 0 : std::log2(size) * (1 + 1e-9);
}

double Clamped(double value) { return std::isnan(value) ? value : std::min(kLargest, std::max(-kLargest, value)); }

class Residues {
 public:
  Residues(const Ast& ast, Fuel& fuel) : ast_(ast), fuel_(fuel) {}

  // The value modulo `m`; nullopt when it has none there.
  std::optional<ulong> Of(NodeId id, ulong m) {
    if (!fuel_.Spend(200)) return std::nullopt;
    if (m == 1) return 0;
    switch (ast_.node(id).kind) {
      case Kind::kNumber: return OfRational(ast_.number(id), m);
      case Kind::kNegate: {
        const auto a = Of(ast_.kid(id, 0), m);
        return a.has_value() ? std::optional<ulong>(n_negmod(*a, m)) : std::nullopt;
      }
      case Kind::kAdd: case Kind::kMultiply: case Kind::kDivide: {
        const auto a = Of(ast_.kid(id, 0), m), b = Of(ast_.kid(id, 1), m);
        if (!a.has_value() || !b.has_value()) return std::nullopt;
        if (ast_.Is(id, Kind::kAdd)) return n_addmod(*a, *b, m);
        if (ast_.Is(id, Kind::kMultiply)) return Product(*a, *b, m);
        return Quotient(*a, *b, m);
      }
      case Kind::kPercent: {
        const auto a = Of(ast_.kid(id, 0), m);
        return a.has_value() ? Quotient(*a, 100 % m, m) : std::nullopt;
      }
      case Kind::kPower: return Power(id, m);
      case Kind::kFactorial: return Factorial(id, m);
      case Kind::kModulo: return Modulo(id, m);
      default: return std::nullopt;
    }
  }

  Bounds BoundsOf(NodeId id) {
    if (!fuel_.Spend(100)) return {};
    const auto kid = [this, id](size_t i) { return BoundsOf(ast_.kid(id, i)); };
    switch (ast_.node(id).kind) {
      case Kind::kNumber: {
        const Rational& value = ast_.number(id);
        const double size = fmpz_get_d(value.numerator()) / fmpz_get_d(value.denominator());
        if (std::isnan(size)) return {};
        const double slack = std::abs(size) * 1e-12;
        const bool whole = value.is_integer();
        return {Clamped(size - (whole && std::abs(size) < 1e15 ? 0 : slack)), Clamped(size + (whole && std::abs(size) < 1e15 ? 0 : slack)), LogOf(value.numerator()) + LogOf(value.denominator()), whole};
      }
      case Kind::kNegate: {
        const Bounds a = kid(0);
        return {-a.high, -a.low, a.bits, a.whole};
      }
      case Kind::kAdd: {
        const Bounds a = kid(0), b = kid(1);
        return {Clamped(a.low + b.low), a.high + b.high, a.bits + b.bits + 1, a.whole && b.whole};
      }
      case Kind::kMultiply: {
        const Bounds a = kid(0), b = kid(1);
        if (a.low < 0 || b.low < 0) return {-std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity(), a.bits + b.bits, a.whole && b.whole};
        return {Clamped(a.low * b.low), a.high * b.high, a.bits + b.bits, a.whole && b.whole};
      }
      case Kind::kDivide: {
        const Bounds a = kid(0), b = kid(1);
        return {-std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity(), a.bits + b.bits, false};
      }
      case Kind::kPower: {
        const Bounds a = kid(0), e = kid(1);
        const double magnitude = std::max(std::abs(e.low), std::abs(e.high));
        Bounds power{-std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity(), a.bits * magnitude, a.whole && e.whole && e.low >= 0};
        if (a.low >= 1 && e.low >= 0) {
          power.low = Clamped(std::pow(a.low, e.low));
          power.high = std::pow(a.high, e.high);
        }
        return power;
      }
      case Kind::kFactorial: {
        const Bounds n = kid(0);
        return {1, std::numeric_limits<double>::infinity(), n.high * std::log2(n.high + 2), n.whole};
      }
      case Kind::kModulo: {
        const Bounds m = kid(1);
        return {0, m.high, m.bits, kid(0).whole && m.whole};
      }
      default: return {};
    }
  }

 private:
  static ulong Product(ulong a, ulong b, ulong m) { return n_mulmod2(a, b, m); }

  static std::optional<ulong> Quotient(ulong a, ulong b, ulong m) {
    if (n_gcd(b, m) != 1) return std::nullopt;
    return Product(a, n_invmod(b, m), m);
  }

  static std::optional<ulong> OfRational(const Rational& value, ulong m) {
    const ulong above = fmpz_fdiv_ui(value.numerator(), m), below = fmpz_fdiv_ui(value.denominator(), m);
    return below == 1 ? above : Quotient(above, below, m);
  }

  std::optional<ulong> Power(NodeId id, ulong m) {
    const auto base = Of(ast_.kid(id, 0), m);
    if (!base.has_value()) return std::nullopt;
    const NodeId exponent = ast_.kid(id, 1);
    const Bounds bounds = BoundsOf(exponent);
    if (!bounds.whole) return std::nullopt;
    if (std::abs(bounds.low) < 1e15 && std::abs(bounds.high) < 1e15) {
      // Small enough to be known from its residue modulo a number larger than it can be.
      constexpr ulong kBeyond = ulong{1} << 62;
      const auto known = Of(exponent, kBeyond);
      if (!known.has_value()) return std::nullopt;
      const bool negative = *known >= kBeyond / 2;
      const auto factor = negative ? Quotient(1, *base, m) : base;
      return factor.has_value() ? std::optional<ulong>(n_powmod2_ui_preinv(*factor, negative ? kBeyond - *known : *known, m, n_preinvert_limb(m))) : std::nullopt;
    }
    if (bounds.low < kEulerBound || !fuel_.Spend(kTotientFuel)) return std::nullopt;
    const ulong totient = n_euler_phi(m);
    const auto reduced = Of(exponent, totient);
    if (!reduced.has_value()) return std::nullopt;
    return n_powmod2_ui_preinv(*base, *reduced + totient, m, n_preinvert_limb(m));
  }

  std::optional<ulong> Factorial(NodeId id, ulong m) {
    const Bounds bounds = BoundsOf(ast_.kid(id, 0));
    if (!bounds.whole || bounds.low < 0) return std::nullopt;
    if (bounds.low >= static_cast<double>(m)) return 0;
    if (bounds.high > static_cast<double>(kMaxResidueFactorial)) return std::nullopt;
    const auto n = Of(ast_.kid(id, 0), ulong{1} << 62);
    if (!n.has_value() || !fuel_.Spend(static_cast<int64_t>(*n) * 2)) return std::nullopt;
    const ulong inverse = n_preinvert_limb(m);
    ulong product = 1 % m;
    for (ulong k = 2; k <= *n; ++k) product = n_mulmod2_preinv(product, k % m, m, inverse);
    return product;
  }

  std::optional<ulong> Modulo(NodeId id, ulong m) {
    const Bounds modulus = BoundsOf(ast_.kid(id, 1));
    if (!modulus.whole || modulus.low < 1 || modulus.high > 1e15 || !BoundsOf(ast_.kid(id, 0)).whole) return std::nullopt;
    const auto divisor = Of(ast_.kid(id, 1), ulong{1} << 62);
    if (!divisor.has_value()) return std::nullopt;
    const auto remainder = Of(ast_.kid(id, 0), *divisor);
    return remainder.has_value() ? std::optional<ulong>(*remainder % m) : std::nullopt;
  }

  const Ast& ast_;
  Fuel& fuel_;
};

}  // namespace

Decision CompareResidues(View a, View b, const Context& context) {
  const Decision unknown{Equality::kUnknown, v1::METHOD_UNSPECIFIED, "too large for residues"};
  if (a.id - a.node().begin >= kMaxResidueNodes || b.id - b.node().begin >= kMaxResidueNodes) return unknown;
  Residues left(a.ast, context.fuel), right(b.ast, context.fuel);
  Random random(context.key ^ 0x6D6F64756C6172u);
  int compared = 0;
  for (int i = 0; i < 2 * kPrimes && compared < kPrimes; ++i) {
    if (!context.fuel.Spend(kTotientFuel / 2)) return unknown;
    const ulong prime = n_nextprime((ulong{1} << 60) + random.Below(uint64_t{1} << 60), 0);
    const auto x = left.Of(a.id, prime), y = right.Of(b.id, prime);
    if (!x.has_value() || !y.has_value()) continue;
    if (*x != *y) return {Equality::kDifferent, v1::METHOD_MODULAR, "their residues differ"};
    ++compared;
  }
  if (compared < kPrimes) return unknown;
  const Bounds bounds_a = left.BoundsOf(a.id), bounds_b = right.BoundsOf(b.id);
  const double bits = bounds_a.whole && bounds_b.whole ? std::max(bounds_a.bits, bounds_b.bits) + 1 : bounds_a.bits + bounds_b.bits + 1;
  if (!(bits < static_cast<double>(kMaxResidueBits))) return unknown;
  return {Equality::kEqual, v1::METHOD_MODULAR, "their residues agree modulo three random primes"};
}

}  // namespace cohort::reward::math

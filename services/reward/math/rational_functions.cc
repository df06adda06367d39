#include "services/reward/math/rational_functions.h"

#include <flint/ulong_extras.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "absl/container/inlined_vector.h"
#include "services/reward/math/random.h"

namespace cohort::reward::math {
namespace {

constexpr size_t kPrimes = 3;
constexpr size_t kPrimesToChooseFrom = 16;
constexpr int kAttempts = 3;             // At one prime, when a denominator vanishes.
constexpr double kMaxSize = 1 << 20;     // Of degree and of bits of the coefficients of the difference.
constexpr int64_t kStepFuel = 6;         // Of a sum or product.
constexpr int64_t kInverseFuel = 150;    // Of a quotient or power.

struct Prime {
  ulong value = 0;
  ulong inverse = 0;  // As FLINT wants it.
};

// The primes that follow from the number in the options. They are found once and remembered, since a process has one.
const std::array<Prime, kPrimesToChooseFrom>& PrimesOf(uint64_t secret) {
  struct Known {
    uint64_t secret;
    std::array<Prime, kPrimesToChooseFrom> primes;
  };
  thread_local std::optional<Known> known;
  if (!known.has_value() || known->secret != secret) {
    known.emplace();
    known->secret = secret;
    Random random(secret ^ 0x7072696D6573u);
    for (Prime& prime : known->primes) {
      prime.value = n_nextprime((ulong{1} << 60) + random.Below((uint64_t{1} << 60) - 4096), 0);
      prime.inverse = n_preinvert_limb(prime.value);
    }
  }
  return known->primes;
}

// Three different ones, which the texts decide that are compared.
std::array<Prime, kPrimes> PrimesFor(const Context& context) {
  const std::array<Prime, kPrimesToChooseFrom>& all = PrimesOf(context.secret);
  Random random(context.key ^ 0x63686F6F7365u);
  std::array<Prime, kPrimes> chosen;
  size_t place = random.Below(kPrimesToChooseFrom);
  for (Prime& prime : chosen) {
    prime = all[place];
    place = (place + 1 + random.Below(kPrimesToChooseFrom / kPrimes)) % kPrimesToChooseFrom;
  }
  return chosen;
}

// Degrees of numerator and denominator, and binary logarithms of the sums of the sizes of their coefficients: upper bounds.
struct Size {
  double degree_above = 0, degree_below = 0;
  double bits_above = 0, bits_below = 0;
};

// An expression that is a quotient of polynomials.
class Quotient {
 public:
  Quotient(View view, const std::vector<std::string>& names) : view_(view), begin_(view.node().begin) {
    valid_ = Measure(names);
  }

  bool valid() const { return valid_; }
  const Size& size() const { return size_; }

  bool Spend(Fuel& fuel) const { return fuel.Spend(fuel_); }

  // nullopt where a denominator vanishes.
  std::optional<ulong> At(const Prime& prime, const std::vector<ulong>& point) const {
    absl::InlinedVector<ulong, 64> values(view_.id - begin_ + 1);
    for (NodeId id = begin_; id <= view_.id; ++id) {
      const std::optional<ulong> value = ValueOf(id, prime, point, values.data());
      if (!value.has_value()) return std::nullopt;
      values[id - begin_] = *value;
    }
    return values.back();
  }

 private:
  std::optional<ulong> ValueOf(NodeId id, const Prime& prime, const std::vector<ulong>& point, const ulong* values) const {
    const ulong p = prime.value;
    const auto kid = [&](size_t i) { return values[view_.ast.kid(id, i) - begin_]; };
    const auto quotient = [&](ulong a, ulong b) { return b == 0 ? std::nullopt : std::optional<ulong>(n_mulmod2_preinv(a, n_invmod(b, p), p, prime.inverse)); };
    switch (view_.ast.node(id).kind) {
      case Kind::kNumber: {
        const Rational& number = view_.ast.number(id);
        const ulong above = fmpz_fdiv_ui(number.numerator(), p);
        return number.is_integer() ? above : quotient(above, fmpz_fdiv_ui(number.denominator(), p));
      }
      case Kind::kSymbol: return point[variables_[id - begin_]];
      case Kind::kAdd: return n_addmod(kid(0), kid(1), p);
      case Kind::kNegate: return n_negmod(kid(0), p);
      case Kind::kMultiply: return n_mulmod2_preinv(kid(0), kid(1), p, prime.inverse);
      case Kind::kDivide: return quotient(kid(0), kid(1));
      case Kind::kPercent: return quotient(kid(0), 100);
      case Kind::kPower: {
        const int64_t exponent = view_.ast.number(view_.ast.kid(id, 1)).ToInt64();
        const ulong power = n_powmod2_ui_preinv(kid(0), static_cast<ulong>(std::abs(exponent)), p, prime.inverse);
        return exponent < 0 ? quotient(1, power) : power;
      }
      default: return 0;
    }
  }

  bool Measure(const std::vector<std::string>& names) {
    absl::InlinedVector<Size, 16> sizes(view_.id - begin_ + 1);
    variables_.resize(view_.id - begin_ + 1);
    for (NodeId id = begin_; id <= view_.id; ++id) {
      Size& size = sizes[id - begin_];
      const auto kid = [&](size_t i) -> const Size& { return sizes[view_.ast.kid(id, i) - begin_]; };
      if (!MeasureNode(id, names, kid, size)) return false;
      if (!(size.degree_above + size.degree_below + size.bits_above + size.bits_below < kMaxSize)) return false;
      const Kind kind = view_.ast.node(id).kind;
      fuel_ += kind == Kind::kDivide || kind == Kind::kPower || kind == Kind::kPercent ? kInverseFuel : kStepFuel;
    }
    size_ = sizes.back();
    return true;
  }

  template <typename Kid>
  bool MeasureNode(NodeId id, const std::vector<std::string>& names, const Kid& kid, Size& out) {
    switch (view_.ast.node(id).kind) {
      case Kind::kDropped: return true;
      case Kind::kNumber: {
        const Rational& number = view_.ast.number(id);
        out.bits_above = static_cast<double>(fmpz_bits(number.numerator()));
        out.bits_below = static_cast<double>(fmpz_bits(number.denominator()));
        return true;
      }
      case Kind::kSymbol: {
        const auto found = std::find(names.begin(), names.end(), view_.ast.name(id));
        variables_[id - begin_] = static_cast<uint32_t>(found - names.begin());
        out.degree_above = 1;
        return found != names.end();
      }
      case Kind::kNegate: out = kid(0); return true;
      case Kind::kPercent: out = kid(0); out.bits_below += 7; return true;
      case Kind::kAdd: {
        const Size &a = kid(0), &b = kid(1);
        out.degree_above = std::max(a.degree_above + b.degree_below, b.degree_above + a.degree_below);
        out.degree_below = a.degree_below + b.degree_below;
        out.bits_above = std::max(a.bits_above + b.bits_below, b.bits_above + a.bits_below) + 1;
        out.bits_below = a.bits_below + b.bits_below;
        return true;
      }
      case Kind::kMultiply: {
        const Size &a = kid(0), &b = kid(1);
        out = {a.degree_above + b.degree_above, a.degree_below + b.degree_below, a.bits_above + b.bits_above, a.bits_below + b.bits_below};
        return true;
      }
      case Kind::kDivide: {
        const Size &a = kid(0), &b = kid(1);
        out = {a.degree_above + b.degree_below, a.degree_below + b.degree_above, a.bits_above + b.bits_below, a.bits_below + b.bits_above};
        return true;
      }
      case Kind::kPower: {
        const NodeId exponent = view_.ast.kid(id, 1);
        if (!view_.ast.Is(exponent, Kind::kNumber) || !view_.ast.number(exponent).FitsInt64()) return false;
        const auto times = static_cast<double>(view_.ast.number(exponent).ToInt64());
        const Size& a = kid(0);
        out = {a.degree_above * std::abs(times), a.degree_below * std::abs(times), a.bits_above * std::abs(times), a.bits_below * std::abs(times)};
        if (times < 0) std::swap(out.degree_above, out.degree_below), std::swap(out.bits_above, out.bits_below);
        return true;
      }
      default: return false;
    }
  }

  const View view_;
  const NodeId begin_;
  absl::InlinedVector<uint32_t, 64> variables_;  // Which of the names a symbol is.
  Size size_;
  int64_t fuel_ = 10;
  bool valid_ = false;
};

std::vector<ulong> DrawPoint(size_t variables, ulong prime, Random& random) {
  std::vector<ulong> point(variables);
  for (ulong& value : point) value = 1 + random.Below(prime - 1);
  return point;
}

// Both at one point where both have a value.
struct Residues {
  ulong a = 0, b = 0;
};
std::optional<Residues> At(const Quotient& a, const Quotient& b, const Prime& prime, size_t variables, Random& random, Fuel& fuel) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (!a.Spend(fuel) || !b.Spend(fuel)) return std::nullopt;
    const std::vector<ulong> point = DrawPoint(variables, prime.value, random);
    const std::optional<ulong> x = a.At(prime, point), y = b.At(prime, point);
    if (x.has_value() && y.has_value()) return Residues{*x, *y};
  }
  return std::nullopt;
}

// Whether the difference of both is small enough for the bound on the error.
bool IsBounded(const Quotient& a, const Quotient& b) {
  const Size &x = a.size(), &y = b.size();
  return x.degree_above + x.degree_below + y.degree_above + y.degree_below < kMaxSize && x.bits_above + x.bits_below + y.bits_above + y.bits_below < kMaxSize;
}

}  // namespace

std::optional<Decision> CompareRationalFunctions(View a, View b, const Context& context) {
  const std::vector<std::string> names = VariablesOfBoth(a, b);
  const Quotient x(a, names), y(b, names);
  if (!x.valid() || !y.valid() || !IsBounded(x, y)) return std::nullopt;
  Random random(context.key ^ 0x71756F7469656E74u);
  for (const Prime& prime : PrimesFor(context)) {
    const std::optional<Residues> residues = At(x, y, prime, names.size(), random, context.fuel);
    if (!residues.has_value()) return std::nullopt;
    if (residues->a != residues->b) return Decision{Equality::kDifferent, v1::METHOD_MODULAR, "their residues at a random point differ"};
  }
  return Decision{Equality::kEqual, v1::METHOD_MODULAR, "their residues at random points agree modulo three primes"};
}

Equality CompareProportional(View a, View b, const Context& context) {
  const std::vector<std::string> names = VariablesOfBoth(a, b);
  const Quotient x(a, names), y(b, names);
  if (!x.valid() || !y.valid() || !IsBounded(x, y)) return Equality::kUnknown;
  Random random(context.key ^ 0x70726F706F7274u);
  for (const Prime& prime : PrimesFor(context)) {
    const std::optional<Residues> one = At(x, y, prime, names.size(), random, context.fuel), two = At(x, y, prime, names.size(), random, context.fuel);
    if (!one.has_value() || !two.has_value() || one->a == 0 || one->b == 0) return Equality::kUnknown;
    const ulong left = n_mulmod2_preinv(two->a, one->b, prime.value, prime.inverse), right = n_mulmod2_preinv(one->a, two->b, prime.value, prime.inverse);
    if (left != right) return Equality::kDifferent;
  }
  return Equality::kEqual;
}

}  // namespace cohort::reward::math

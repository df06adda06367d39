// Factorials, binomials, remainders, and sums and products with bounds.
#include <acb_hypgeom.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "services/reward/math/evaluator.h"
#include "services/reward/math/exact_values.h"

namespace cohort::reward::math {
namespace {

constexpr int kMaxSumNesting = 3;

}  // namespace

Evaluated Evaluator::Factorial(Enclosure& n, Enclosure& out) {
  if (n.exact && n.rational.is_integer()) {
    if (n.rational.sign() < 0) return Evaluated::kUndefined;
    if (!n.rational.FitsInt64() || n.rational.ToInt64() > kMaxFactorial) return Evaluated::kUnsupported;
    const int64_t k = n.rational.ToInt64();
    if (!fuel_.Spend(k)) return Evaluated::kOutOfFuel;
    Rational value;
    fmpz_fac_ui(fmpq_numref(value.get()), static_cast<ulong>(k));
    return Exact(out, value);
  }
  if (TooLarge(n.Ball(precision_)) || !fuel_.Spend(100 * step_)) return Evaluated::kUnsupported;
  mag_t size;
  mag_init(size);
  acb_get_mag(size, n.Ball(precision_));
  const bool large = mag_cmp_2exp_si(size, 16) > 0;
  mag_clear(size);
  if (large) return Evaluated::kUnsupported;
  acb_ptr y = out.Write();
  acb_add_ui(y, n.Ball(precision_), 1, precision_);
  acb_gamma(y, y, precision_);
  return Done(out);
}

Evaluated Evaluator::DoubleFactorial(Enclosure& n, Enclosure& out) {
  if (!n.exact || !n.rational.FitsInt64()) return Evaluated::kUnsupported;
  if (n.rational.sign() < 0) return Evaluated::kUndefined;
  std::optional<Rational> value = ExactDoubleFactorial(n.rational, fuel_);
  if (!value.has_value()) return fuel_.exhausted() ? Evaluated::kOutOfFuel : Evaluated::kUnsupported;
  return Exact(out, *std::move(value));
}

// n(n-1)…(n-k+1)/k! for whole k ≥ 0; for whole n also with k > n, where it is 0.
Evaluated Evaluator::Binomial(Enclosure& n, Enclosure& k, Enclosure& out) {
  if (!n.exact || !k.exact || !k.rational.FitsInt64()) return Evaluated::kUnsupported;
  int64_t chosen = k.rational.ToInt64();
  if (chosen < 0) return Exact(out, Rational(0));
  if (n.rational.FitsInt64() && n.rational.sign() >= 0) {
    const int64_t all = n.rational.ToInt64();
    if (chosen > all) return Exact(out, Rational(0));
    chosen = std::min(chosen, all - chosen);
  }
  if (chosen > kMaxFactorial / 10) return Evaluated::kUnsupported;
  Rational value(1);
  for (int64_t i = 0; i < chosen; ++i) {
    if (!fuel_.Spend(8 + value.bits() / 16)) return Evaluated::kOutOfFuel;
    value = value * (n.rational - Rational(i)) / Rational(i + 1);
  }
  return Exact(out, value);
}

Evaluated Evaluator::Modulo(Enclosure& a, Enclosure& m, Enclosure& out) {
  if (!a.exact || !m.exact) return Evaluated::kUnsupported;
  if (m.rational.is_zero()) return Evaluated::kUndefined;
  return Exact(out, a.rational - m.rational * (a.rational / m.rational).Floor());
}

Evaluated Evaluator::Big(NodeId id, Enclosure& lower, Enclosure& upper, Enclosure& out) {
  if (!lower.exact || !upper.exact || !lower.rational.FitsInt64() || !upper.rational.FitsInt64()) return Evaluated::kUnsupported;
  const int64_t from = lower.rational.ToInt64(), to = upper.rational.ToInt64();
  if (to - from >= kMaxSumTerms || bound_.size() >= kMaxSumNesting) return Evaluated::kUnsupported;
  const bool sum = ast_.Is(id, Kind::kSum);
  Enclosure total;
  total.SetExact(Rational(sum ? 0 : 1));
  bound_.emplace_back(ast_.name(id), Rational(0));
  Evaluated done = Evaluated::kOk;
  for (int64_t k = from; k <= to && done == Evaluated::kOk; ++k) {
    if (--terms_left_ < 0) return Evaluated::kUnsupported;
    bound_.back().second = Rational(k);
    Enclosure term, next;
    done = Run(ast_.kid(id, 2), term);
    if (done == Evaluated::kOk) done = sum ? Add(total, term, next) : Multiply(total, term, next);
    next.real = total.real && term.real;
    total = std::move(next);
  }
  bound_.pop_back();
  out = std::move(total);
  return done;
}

}  // namespace cohort::reward::math

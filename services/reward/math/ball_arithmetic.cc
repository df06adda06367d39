// Sums, products, powers and roots of enclosures.
#include "services/reward/math/evaluator.h"

namespace cohort::reward::math {

Evaluated Evaluator::Add(Enclosure& a, Enclosure& b, Enclosure& out) {
  if (a.exact && b.exact) {
    if (!SpendOn(a.rational, b.rational)) return Evaluated::kOutOfFuel;
    return Exact(out, a.rational + b.rational);
  }
  acb_add(out.Write(), a.Ball(precision_), b.Ball(precision_), precision_);
  return Done(out);
}

Evaluated Evaluator::Multiply(Enclosure& a, Enclosure& b, Enclosure& out) {
  if (a.exact && b.exact) {
    if (!SpendOn(a.rational, b.rational)) return Evaluated::kOutOfFuel;
    return Exact(out, a.rational * b.rational);
  }
  if ((a.exact && a.rational.is_zero()) || (b.exact && b.rational.is_zero())) return Exact(out, Rational(0));
  acb_mul(out.Write(), a.Ball(precision_), b.Ball(precision_), precision_);
  return Done(out);
}

Evaluated Evaluator::Divide(Enclosure& a, Enclosure& b, Enclosure& out) {
  if (b.exact && b.rational.is_zero()) return Evaluated::kUndefined;
  if (a.exact && b.exact) {
    if (!SpendOn(a.rational, b.rational)) return Evaluated::kOutOfFuel;
    return Exact(out, a.rational / b.rational);
  }
  if (acb_contains_zero(b.Ball(precision_))) return Evaluated::kUnbounded;
  acb_div(out.Write(), a.Ball(precision_), b.Ball(precision_), precision_);
  return Done(out);
}

// Whether |log2| of the value may be so large that powers of it make no sense.
bool Evaluator::TooLarge(acb_srcptr x) {
  mag_t bound;
  mag_init(bound);
  acb_get_mag(bound, x);
  const bool large = mag_cmp_2exp_si(bound, 40) > 0;
  mag_clear(bound);
  return large;
}

Evaluated Evaluator::Power(Enclosure& base, Enclosure& exponent, Enclosure& out) {
  if (exponent.exact) {
    const Rational& e = exponent.rational;
    if (e.is_zero()) return base.exact && base.rational.is_zero() ? Evaluated::kUndefined : Exact(out, Rational(1));
    if (base.exact && base.rational.is_zero()) return e.sign() > 0 ? Exact(out, Rational(0)) : Evaluated::kUndefined;
    if (e.is_integer()) return IntegerPower(base, e, out);
    if (!fmpz_is_even(e.denominator()) && (base.exact ? base.rational.sign() < 0 : IsRealBall(base.Ball(precision_)) && arb_is_negative(acb_realref(base.Ball(precision_))))) {
      return RealRootOfNegative(base, e, out);
    }
  }
  if (base.exact && base.rational.is_zero()) return Evaluated::kUnbounded;
  acb_srcptr b = base.Ball(precision_);
  acb_srcptr x = exponent.Ball(precision_);
  if (TooLarge(x)) return Evaluated::kUnsupported;
  if (acb_contains_zero(b)) return Evaluated::kUnbounded;
  if (!fuel_.Spend(4 * step_)) return Evaluated::kOutOfFuel;
  acb_pow(out.Write(), b, x, precision_);
  return Done(out);
}

Evaluated Evaluator::IntegerPower(Enclosure& base, const Rational& e, Enclosure& out) {
  if (base.exact && e.FitsInt64()) {
    const int64_t times = e.ToInt64();
    const int64_t bits = base.rational.bits();
    if (std::abs(times) <= kMaxRationalBits && std::abs(times) * bits <= kMaxRationalBits) return Exact(out, base.rational.Power(times));
  }
  if (fmpz_bits(e.numerator()) > 60) return Evaluated::kUnsupported;
  if (e.sign() < 0 && acb_contains_zero(base.Ball(precision_))) return Evaluated::kUnbounded;
  if (!fuel_.Spend(step_ * static_cast<int64_t>(fmpz_bits(e.numerator())))) return Evaluated::kOutOfFuel;
  acb_pow_fmpz(out.Write(), base.Ball(precision_ + 64), e.numerator(), precision_);
  return Done(out);
}

// (-8)^{1/3} is -2.
Evaluated Evaluator::RealRootOfNegative(Enclosure& base, const Rational& e, Enclosure& out) {
  acb_ptr result = out.Write();
  acb_neg(result, base.Ball(precision_));
  acb_t exponent;
  acb_init(exponent);
  arb_set_fmpq(acb_realref(exponent), e.get(), precision_);
  acb_pow(result, result, exponent, precision_);
  acb_clear(exponent);
  if (!fmpz_is_even(e.numerator())) acb_neg(result, result);
  return Done(out);
}

Evaluated Evaluator::Root(Enclosure& radicand, Enclosure& index, Enclosure& out) {
  if (index.exact && index.rational.is_zero()) return Evaluated::kUndefined;
  if (index.exact && index.rational == Rational(2) && !(radicand.exact && radicand.rational.is_zero())) {
    if (!fuel_.Spend(step_)) return Evaluated::kOutOfFuel;
    acb_srcptr x = radicand.Ball(precision_);
    // A ball around zero has roots on both sides of the cut.
    if (IsRealBall(x) && arb_contains_zero(acb_realref(x)) && !arb_is_nonnegative(acb_realref(x))) return RootNearZero(x, out);
    acb_sqrt(out.Write(), x, precision_);
    return Done(out);
  }
  Enclosure inverse, one;
  one.SetExact(Rational(1));
  const Evaluated done = Divide(one, index, inverse);
  return done == Evaluated::kOk ? Power(radicand, inverse, out) : done;
}

// √x for a real x that may be zero: it lies within √|x| of zero.
Evaluated Evaluator::RootNearZero(acb_srcptr x, Enclosure& out) {
  mag_t bound;
  mag_init(bound);
  acb_get_mag(bound, x);
  mag_sqrt(bound, bound);
  acb_ptr ball = out.Write();
  acb_zero(ball);
  arb_add_error_mag(acb_realref(ball), bound);
  arb_add_error_mag(acb_imagref(ball), bound);
  mag_clear(bound);
  return Done(out);
}

}  // namespace cohort::reward::math

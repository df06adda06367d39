// Functions of enclosures.
#include <utility>

#include "services/reward/math/evaluator.h"

namespace cohort::reward::math {

Evaluated Evaluator::FunctionOf(NodeId id, NodeId begin, std::vector<Enclosure>& values, Enclosure& out) {
  const Function function = ast_.function(id);
  const auto kid = [&](size_t i) -> Enclosure& { return values[ast_.kid(id, i) - begin]; };
  switch (function) {
    case Function::kGcd: case Function::kLcm: case Function::kMax: case Function::kMin: return OfSeveral(id, begin, values, out);
    case Function::kDet: return Evaluated::kUnsupported;
    case Function::kAbs: case Function::kFloor: case Function::kCeiling: case Function::kRe: case Function::kIm: case Function::kSign: return Piecewise(function, kid(0), out);
    case Function::kLog: return Logarithm(kid(0), kid(1), out);
    default: break;
  }
  if (!fuel_.Spend(6 * step_)) return Evaluated::kOutOfFuel;
  acb_srcptr x = kid(0).Ball(precision_);
  acb_ptr y = out.Write();
  if (TooLarge(x)) return Evaluated::kUnsupported;
  if (function == Function::kTanh || function == Function::kCoth) MeasureSaturation(x);
  switch (function) {
    case Function::kSin: acb_sin(y, x, precision_); break;
    case Function::kCos: acb_cos(y, x, precision_); break;
    case Function::kTan: acb_tan(y, x, precision_); break;
    case Function::kCot: acb_cot(y, x, precision_); break;
    case Function::kSec: acb_sec(y, x, precision_); break;
    case Function::kCsc: acb_csc(y, x, precision_); break;
    case Function::kArcSin: acb_asin(y, x, precision_); break;
    case Function::kArcCos: acb_acos(y, x, precision_); break;
    case Function::kArcTan: acb_atan(y, x, precision_); break;
    case Function::kArcCot: return ArcCotangent(x, out);
    case Function::kSinh: acb_sinh(y, x, precision_); break;
    case Function::kCosh: acb_cosh(y, x, precision_); break;
    case Function::kTanh: acb_tanh(y, x, precision_); break;
    case Function::kCoth: acb_coth(y, x, precision_); break;
    case Function::kArSinh: acb_asinh(y, x, precision_); break;
    case Function::kArCosh: acb_acosh(y, x, precision_); break;
    case Function::kArTanh: acb_atanh(y, x, precision_); break;
    case Function::kExp: acb_exp(y, x, precision_); break;
    case Function::kLn: case Function::kLog10: return Log(kid(0), function == Function::kLog10, out);
    case Function::kArg: {
      if (acb_contains_zero(x)) return Evaluated::kUnbounded;
      arb_t angle;
      arb_init(angle);
      acb_arg(angle, x, precision_);
      acb_set_arb(y, angle);
      arb_clear(angle);
      break;
    }
    default: return Evaluated::kUnsupported;
  }
  return Done(out);
}

// Between 0 and π: π/2 - arctan x.
Evaluated Evaluator::ArcCotangent(acb_srcptr x, Enclosure& out) {
  acb_t angle;
  acb_init(angle);
  acb_atan(angle, x, precision_);
  acb_ptr y = out.Write();
  acb_const_pi(y, precision_);
  acb_mul_2exp_si(y, y, -1);
  acb_sub(y, y, angle, precision_);
  acb_clear(angle);
  return Done(out);
}

Evaluated Evaluator::Log(Enclosure& x, bool decimal, Enclosure& out) {
  if (x.exact && x.rational.is_zero()) return Evaluated::kUndefined;
  if (acb_contains_zero(x.Ball(precision_))) return Evaluated::kUnbounded;
  acb_ptr y = out.Write();
  acb_log(y, x.Ball(precision_), precision_);
  if (decimal) {
    arb_t ten;
    arb_init(ten);
    arb_log_ui(ten, 10, precision_);
    acb_div_arb(y, y, ten, precision_);
    arb_clear(ten);
  }
  return Done(out);
}

Evaluated Evaluator::Logarithm(Enclosure& base, Enclosure& x, Enclosure& out) {
  if (base.exact && (base.rational.is_one() || base.rational.is_zero())) return Evaluated::kUndefined;
  Enclosure above, below;
  Evaluated done = Log(x, false, above);
  if (done == Evaluated::kOk) done = Log(base, false, below);
  if (done == Evaluated::kOk && acb_contains_zero(below.Ball(precision_))) return Evaluated::kUnbounded;
  return done == Evaluated::kOk ? Divide(above, below, out) : done;
}

Evaluated Evaluator::Piecewise(Function function, Enclosure& x, Enclosure& out) {
  if (x.exact) {
    switch (function) {
      case Function::kAbs: return Exact(out, x.rational.Abs());
      case Function::kFloor: return Exact(out, x.rational.Floor());
      case Function::kCeiling: return Exact(out, x.rational.Ceiling());
      case Function::kRe: return Exact(out, x.rational);
      case Function::kIm: return Exact(out, Rational(0));
      default: return Exact(out, Rational(x.rational.sign()));
    }
  }
  acb_srcptr ball = x.Ball(precision_);
  acb_ptr y = out.Write();
  acb_zero(y);
  switch (function) {
    case Function::kAbs: acb_abs(acb_realref(y), ball, precision_); return Done(out);
    case Function::kRe: arb_set(acb_realref(y), acb_realref(ball)); return Done(out);
    case Function::kIm: arb_set(acb_realref(y), acb_imagref(ball)); return Done(out);
    default: break;
  }
  if (!IsRealBall(ball)) return Evaluated::kUnbounded;
  if (function == Function::kSign) {
    if (arb_contains_zero(acb_realref(ball))) return Evaluated::kUnbounded;
    return Exact(out, Rational(arb_is_positive(acb_realref(ball)) ? 1 : -1));
  }
  arb_t rounded;
  arb_init(rounded);
  function == Function::kFloor ? arb_floor(rounded, acb_realref(ball), precision_) : arb_ceil(rounded, acb_realref(ball), precision_);
  Rational value;
  const bool unique = arb_get_unique_fmpz(fmpq_numref(value.get()), rounded);
  arb_clear(rounded);
  return unique ? Exact(out, value) : Evaluated::kUnbounded;
}

Evaluated Evaluator::OfSeveral(NodeId id, NodeId begin, std::vector<Enclosure>& values, Enclosure& out) {
  const Function function = ast_.function(id);
  const size_t count = ast_.node(id).kid_count;
  Enclosure best = values[ast_.kid(id, 0) - begin];
  for (size_t i = 1; i < count; ++i) {
    Enclosure& next = values[ast_.kid(id, i) - begin];
    if (function == Function::kGcd || function == Function::kLcm) {
      if (!best.exact || !next.exact || !best.rational.is_integer() || !next.rational.is_integer()) return Evaluated::kUnsupported;
      fmpz* value = fmpq_numref(best.rational.get());
      function == Function::kGcd ? fmpz_gcd(value, value, next.rational.numerator()) : fmpz_lcm(value, value, next.rational.numerator());
      continue;
    }
    if (!IsRealBall(best.Ball(precision_)) || !IsRealBall(next.Ball(precision_))) return Evaluated::kUnbounded;
    Enclosure larger;
    acb_ptr y = larger.Write();
    acb_zero(y);
    (function == Function::kMax ? arb_max : arb_min)(acb_realref(y), acb_realref(best.Ball(precision_)), acb_realref(next.Ball(precision_)), precision_);
    best = std::move(larger);
  }
  out = std::move(best);
  return Evaluated::kOk;
}

}  // namespace cohort::reward::math

#include "services/reward/math/ball.h"

#include <acb_hypgeom.h>

#include <algorithm>
#include <optional>

#include "services/reward/math/exact_values.h"
#include "services/reward/math/limits.h"

namespace cohort::reward::math {
namespace {

constexpr int64_t kMaxRationalBits = 64 * 1024;  // What is larger goes on as a ball.
constexpr int kMaxSumNesting = 3;
constexpr flint_bitcnt_t kMaxSizeBits = 60;
constexpr int64_t kEndlessSize = int64_t{1} << kMaxSizeBits;  // Stands for every size from here on, so that callers may calculate with it.
constexpr int64_t kStep = 60;                    // Fuel of one operation at low precision.

bool LooksReal(acb_srcptr x) { return arb_contains_zero(acb_imagref(x)); }
bool IsRealBall(acb_srcptr x) { return arb_is_zero(acb_imagref(x)); }

class Evaluator {
 public:
  Evaluator(const Ast& ast, const Point& point, slong precision, Fuel& fuel)
      : ast_(ast), point_(point), precision_(precision), fuel_(fuel), step_(kStep + precision * precision / 8192) {}

  Evaluated Run(NodeId root, Enclosure& out) {
    if (!fuel_.Spend(150)) return Evaluated::kOutOfFuel;
    const NodeId begin = ast_.node(root).begin;
    std::vector<bool> inside(root - begin + 1, false);  // Bodies of sums are evaluated with their sums.
    for (NodeId id = begin; id <= root; ++id) {
      if (!IsBig(id)) continue;
      const NodeId body = ast_.kid(id, 2);
      for (NodeId i = ast_.node(body).begin; i <= body; ++i) inside[i - begin] = true;
    }
    std::vector<Enclosure> values(root - begin + 1);
    std::vector<bool> open(root - begin + 1, false);  // Depends on a variable.
    for (NodeId id = begin; id <= root; ++id) {
      if (inside[id - begin]) continue;
      if (!fuel_.Spend(step_)) return Evaluated::kOutOfFuel;
      const Evaluated done = Node(id, begin, values);
      if (done != Evaluated::kOk) return done;
      for (size_t k = 0; k < ast_.node(id).kid_count; ++k) {
        const NodeId kid = ast_.kid(id, k);
        if (inside[kid - begin]) continue;
        if (!values[kid - begin].real) values[id - begin].real = false;
        if (open[kid - begin]) open[id - begin] = true;
      }
      if (ast_.Is(id, Kind::kSymbol)) open[id - begin] = true;
      if (!open[id - begin]) Measure(values[id - begin]);
    }
    out = std::move(values.back());
    return Evaluated::kOk;
  }

  int64_t size() const { return size_; }

 private:
  void Measure(Enclosure& value) {
    if (value.exact) {
      size_ = std::max(size_, value.rational.bits());
      return;
    }
    acb_srcptr ball = value.Ball(precision_);
    for (arb_srcptr part : {acb_realref(ball), acb_imagref(ball)}) {
      if (arb_contains_zero(part)) continue;
      fmpz_t exponent;
      fmpz_init(exponent);
      fmpz_set(exponent, ARF_EXPREF(arb_midref(part)));
      size_ = std::max<int64_t>(size_, fmpz_bits(exponent) < kMaxSizeBits ? std::abs(fmpz_get_si(exponent)) : kEndlessSize);
      fmpz_clear(exponent);
    }
  }

  // tanh x is as near to 1 as e^{-2x} is to 0.
  void MeasureSaturation(acb_srcptr x) {
    mag_t bound;
    mag_init(bound);
    acb_get_mag(bound, x);
    size_ = std::max(size_, static_cast<int64_t>(std::min(3 * mag_get_d(bound), static_cast<double>(kEndlessSize))));
    mag_clear(bound);
  }

  bool IsBig(NodeId id) const { return ast_.Is(id, Kind::kSum) || ast_.Is(id, Kind::kProduct); }

  // Checks a ball that has been written.
  Evaluated Done(Enclosure& value) {
    acb_srcptr ball = value.Ball(precision_);
    if (!acb_is_finite(ball)) return Evaluated::kUnbounded;
    if (!LooksReal(ball)) value.real = false;
    return Evaluated::kOk;
  }

  Evaluated Exact(Enclosure& out, Rational value) {
    out.SetExact(std::move(value));
    if (out.rational.bits() > kMaxRationalBits) {
      const Rational kept = out.rational;
      acb_ptr ball = out.Write();
      acb_zero(ball);
      arb_set_fmpq(acb_realref(ball), kept.get(), precision_);
    }
    return Evaluated::kOk;
  }

  Evaluated Node(NodeId id, NodeId begin, std::vector<Enclosure>& values) {
    const auto& node = ast_.node(id);
    Enclosure& out = values[id - begin];
    const auto kid = [&](size_t i) -> Enclosure& { return values[ast_.kid(id, i) - begin]; };
    switch (node.kind) {
      case Kind::kDropped: return Exact(out, Rational(0));
      case Kind::kNumber: return Exact(out, ast_.number(id));
      case Kind::kSymbol: return Variable(ast_.name(id), out);
      case Kind::kPi: acb_const_pi(out.Write(), precision_); return Evaluated::kOk;
      case Kind::kE: {
        acb_ptr e = out.Write();
        acb_zero(e);
        arb_const_e(acb_realref(e), precision_);
        return Evaluated::kOk;
      }
      case Kind::kI: acb_onei(out.Write()); out.real = false; return Evaluated::kOk;
      case Kind::kAdd: return Add(kid(0), kid(1), out);
      case Kind::kNegate:
        if (kid(0).exact) return Exact(out, -kid(0).rational);
        acb_neg(out.Write(), kid(0).Ball(precision_));
        return Evaluated::kOk;
      case Kind::kMultiply: return Multiply(kid(0), kid(1), out);
      case Kind::kDivide: return Divide(kid(0), kid(1), out);
      case Kind::kPower: return Power(kid(0), kid(1), out);
      case Kind::kRoot: return Root(kid(0), kid(1), out);
      case Kind::kPercent: {
        Enclosure hundredth;
        hundredth.SetExact(Rational(1, 100));
        return Multiply(kid(0), hundredth, out);
      }
      case Kind::kDegree: {
        Enclosure degree;
        acb_ptr ball = degree.Write();
        acb_const_pi(ball, precision_);
        acb_div_ui(ball, ball, 180, precision_);
        return Multiply(kid(0), degree, out);
      }
      case Kind::kFunction: return FunctionOf(id, begin, values, out);
      case Kind::kFactorial: return Factorial(kid(0), out);
      case Kind::kDoubleFactorial: return DoubleFactorial(kid(0), out);
      case Kind::kBar:  // A bar over what is written with i is the conjugate.
        if (!ast_.Contains(ast_.kid(id, 0), Kind::kI)) return Evaluated::kUnsupported;
        acb_conj(out.Write(), kid(0).Ball(precision_));
        return Evaluated::kOk;
      case Kind::kBinomial: return Binomial(kid(0), kid(1), out);
      case Kind::kModulo: return Modulo(kid(0), kid(1), out);
      case Kind::kSum: case Kind::kProduct: return Big(id, kid(0), kid(1), out);
      default: return Evaluated::kUnsupported;
    }
  }

  Evaluated Variable(const std::string& name, Enclosure& out) {
    for (size_t i = bound_.size(); i-- > 0;) {
      if (bound_[i].first == name) return Exact(out, bound_[i].second);
      if (name.find('_') != std::string::npos && name.find(bound_[i].first, name.find('_')) != std::string::npos) return Evaluated::kUnsupported;  // a_k
    }
    for (const auto& [known, value] : point_) {
      if (known != name) continue;
      out = value;
      return Evaluated::kOk;
    }
    return Evaluated::kUnsupported;
  }

  bool SpendOn(const Rational& a, const Rational& b) { return fuel_.Spend((a.bits() / 64 + 1) * (b.bits() / 64 + 1) / 4); }

  Evaluated Add(Enclosure& a, Enclosure& b, Enclosure& out) {
    if (a.exact && b.exact) {
      if (!SpendOn(a.rational, b.rational)) return Evaluated::kOutOfFuel;
      return Exact(out, a.rational + b.rational);
    }
    acb_add(out.Write(), a.Ball(precision_), b.Ball(precision_), precision_);
    return Done(out);
  }

  Evaluated Multiply(Enclosure& a, Enclosure& b, Enclosure& out) {
    if (a.exact && b.exact) {
      if (!SpendOn(a.rational, b.rational)) return Evaluated::kOutOfFuel;
      return Exact(out, a.rational * b.rational);
    }
    if ((a.exact && a.rational.is_zero()) || (b.exact && b.rational.is_zero())) return Exact(out, Rational(0));
    acb_mul(out.Write(), a.Ball(precision_), b.Ball(precision_), precision_);
    return Done(out);
  }

  Evaluated Divide(Enclosure& a, Enclosure& b, Enclosure& out) {
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
  bool TooLarge(acb_srcptr x) {
    mag_t bound;
    mag_init(bound);
    acb_get_mag(bound, x);
    const bool large = mag_cmp_2exp_si(bound, 40) > 0;
    mag_clear(bound);
    return large;
  }

  Evaluated Power(Enclosure& base, Enclosure& exponent, Enclosure& out) {
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

  Evaluated IntegerPower(Enclosure& base, const Rational& e, Enclosure& out) {
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
  Evaluated RealRootOfNegative(Enclosure& base, const Rational& e, Enclosure& out) {
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

  Evaluated Root(Enclosure& radicand, Enclosure& index, Enclosure& out) {
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
  Evaluated RootNearZero(acb_srcptr x, Enclosure& out) {
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

  Evaluated FunctionOf(NodeId id, NodeId begin, std::vector<Enclosure>& values, Enclosure& out) {
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
  Evaluated ArcCotangent(acb_srcptr x, Enclosure& out) {
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

  Evaluated Log(Enclosure& x, bool decimal, Enclosure& out) {
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

  Evaluated Logarithm(Enclosure& base, Enclosure& x, Enclosure& out) {
    if (base.exact && (base.rational.is_one() || base.rational.is_zero())) return Evaluated::kUndefined;
    Enclosure above, below;
    Evaluated done = Log(x, false, above);
    if (done == Evaluated::kOk) done = Log(base, false, below);
    if (done == Evaluated::kOk && acb_contains_zero(below.Ball(precision_))) return Evaluated::kUnbounded;
    return done == Evaluated::kOk ? Divide(above, below, out) : done;
  }

  Evaluated Piecewise(Function function, Enclosure& x, Enclosure& out) {
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

  Evaluated OfSeveral(NodeId id, NodeId begin, std::vector<Enclosure>& values, Enclosure& out) {
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

  Evaluated Factorial(Enclosure& n, Enclosure& out) {
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

  Evaluated DoubleFactorial(Enclosure& n, Enclosure& out) {
    if (!n.exact || !n.rational.FitsInt64()) return Evaluated::kUnsupported;
    if (n.rational.sign() < 0) return Evaluated::kUndefined;
    std::optional<Rational> value = ExactDoubleFactorial(n.rational, fuel_);
    if (!value.has_value()) return fuel_.exhausted() ? Evaluated::kOutOfFuel : Evaluated::kUnsupported;
    return Exact(out, *std::move(value));
  }

  // n(n-1)…(n-k+1)/k! for whole k ≥ 0; for whole n also with k > n, where it is 0.
  Evaluated Binomial(Enclosure& n, Enclosure& k, Enclosure& out) {
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

  Evaluated Modulo(Enclosure& a, Enclosure& m, Enclosure& out) {
    if (!a.exact || !m.exact) return Evaluated::kUnsupported;
    if (m.rational.is_zero()) return Evaluated::kUndefined;
    return Exact(out, a.rational - m.rational * (a.rational / m.rational).Floor());
  }

  Evaluated Big(NodeId id, Enclosure& lower, Enclosure& upper, Enclosure& out) {
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

  const Ast& ast_;
  const Point& point_;
  const slong precision_;
  Fuel& fuel_;
  const int64_t step_;
  std::vector<std::pair<std::string, Rational>> bound_;  // Variables of the sums around, inner ones last.
  int64_t size_ = 0;
  int64_t terms_left_ = kMaxSumTerms;
};

}  // namespace

Evaluated Evaluate(const Ast& ast, NodeId id, const Point& point, slong precision, Fuel& fuel, Enclosure& out, int64_t* size) {
  Evaluator evaluator(ast, point, precision, fuel);
  const Evaluated done = evaluator.Run(id, out);
  if (size != nullptr) *size = evaluator.size();
  return done;
}

}  // namespace cohort::reward::math

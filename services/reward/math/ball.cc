#include "services/reward/math/ball.h"

#include <algorithm>

#include "services/reward/math/evaluator.h"

namespace cohort::reward::math {
namespace {

constexpr flint_bitcnt_t kMaxSizeBits = 60;
constexpr int64_t kEndlessSize = int64_t{1} << kMaxSizeBits;  // Stands for every size from here on, so that callers may calculate with it.

bool LooksReal(acb_srcptr x) { return arb_contains_zero(acb_imagref(x)); }

}  // namespace

Evaluated Evaluator::Run(NodeId root, Enclosure& out) {
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

void Evaluator::Measure(Enclosure& value) {
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
void Evaluator::MeasureSaturation(acb_srcptr x) {
  mag_t bound;
  mag_init(bound);
  acb_get_mag(bound, x);
  size_ = std::max(size_, static_cast<int64_t>(std::min(3 * mag_get_d(bound), static_cast<double>(kEndlessSize))));
  mag_clear(bound);
}

// Checks a ball that has been written.
Evaluated Evaluator::Done(Enclosure& value) {
  acb_srcptr ball = value.Ball(precision_);
  if (!acb_is_finite(ball)) return Evaluated::kUnbounded;
  if (!LooksReal(ball)) value.real = false;
  return Evaluated::kOk;
}

Evaluated Evaluator::Exact(Enclosure& out, Rational value) {
  out.SetExact(std::move(value));
  if (out.rational.bits() > kMaxRationalBits) {
    const Rational kept = out.rational;
    acb_ptr ball = out.Write();
    acb_zero(ball);
    arb_set_fmpq(acb_realref(ball), kept.get(), precision_);
  }
  return Evaluated::kOk;
}

Evaluated Evaluator::Node(NodeId id, NodeId begin, std::vector<Enclosure>& values) {
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

Evaluated Evaluator::Variable(const std::string& name, Enclosure& out) {
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

Evaluated Evaluate(const Ast& ast, NodeId id, const Point& point, slong precision, Fuel& fuel, Enclosure& out, int64_t* size) {
  Evaluator evaluator(ast, point, precision, fuel);
  const Evaluated done = evaluator.Run(id, out);
  if (size != nullptr) *size = evaluator.size();
  return done;
}

}  // namespace cohort::reward::math

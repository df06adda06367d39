#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "services/reward/math/ball.h"
#include "services/reward/math/limits.h"

namespace cohort::reward::math {

// Fuel of one operation at low precision.
inline constexpr int64_t kBallStep = 60;
// Rational numbers that are larger go on as balls.
inline constexpr int64_t kMaxRationalBits = 64 * 1024;

inline bool IsRealBall(acb_srcptr x) { return arb_is_zero(acb_imagref(x)); }

// The machine behind Evaluate: one enclosure per node, children before parents. Every operation writes its result to `out` and checks what it has written.
class Evaluator {
 public:
  Evaluator(const Ast& ast, const Point& point, slong precision, Fuel& fuel)
      : ast_(ast), point_(point), precision_(precision), fuel_(fuel), step_(kBallStep + precision * precision / 8192) {}

  Evaluated Run(NodeId root, Enclosure& out);
  // The largest number of bits of any part without variables so far.
  int64_t size() const { return size_; }

 private:
  // ball.cc: nodes, sizes, variables.
  void Measure(Enclosure& value);
  void MeasureSaturation(acb_srcptr x);
  Evaluated Done(Enclosure& value);
  Evaluated Exact(Enclosure& out, Rational value);
  Evaluated Node(NodeId id, NodeId begin, std::vector<Enclosure>& values);
  Evaluated Variable(const std::string& name, Enclosure& out);
  bool IsBig(NodeId id) const { return ast_.Is(id, Kind::kSum) || ast_.Is(id, Kind::kProduct); }

  // ball_arithmetic.cc: sums, products, powers and roots.
  Evaluated Add(Enclosure& a, Enclosure& b, Enclosure& out);
  Evaluated Multiply(Enclosure& a, Enclosure& b, Enclosure& out);
  Evaluated Divide(Enclosure& a, Enclosure& b, Enclosure& out);
  bool TooLarge(acb_srcptr x);
  Evaluated Power(Enclosure& base, Enclosure& exponent, Enclosure& out);
  Evaluated IntegerPower(Enclosure& base, const Rational& e, Enclosure& out);
  Evaluated RealRootOfNegative(Enclosure& base, const Rational& e, Enclosure& out);
  Evaluated Root(Enclosure& radicand, Enclosure& index, Enclosure& out);
  Evaluated RootNearZero(acb_srcptr x, Enclosure& out);
  bool SpendOn(const Rational& a, const Rational& b) { return fuel_.Spend((a.bits() / 64 + 1) * (b.bits() / 64 + 1) / 4); }

  // ball_functions.cc: functions of one argument, piecewise functions, functions of several arguments.
  Evaluated FunctionOf(NodeId id, NodeId begin, std::vector<Enclosure>& values, Enclosure& out);
  Evaluated ArcCotangent(acb_srcptr x, Enclosure& out);
  Evaluated Log(Enclosure& x, bool decimal, Enclosure& out);
  Evaluated Logarithm(Enclosure& base, Enclosure& x, Enclosure& out);
  Evaluated Piecewise(Function function, Enclosure& x, Enclosure& out);
  Evaluated OfSeveral(NodeId id, NodeId begin, std::vector<Enclosure>& values, Enclosure& out);

  // ball_combinatorics.cc: factorials, binomials, remainders, sums and products with bounds.
  Evaluated Factorial(Enclosure& n, Enclosure& out);
  Evaluated DoubleFactorial(Enclosure& n, Enclosure& out);
  Evaluated Binomial(Enclosure& n, Enclosure& k, Enclosure& out);
  Evaluated Modulo(Enclosure& a, Enclosure& m, Enclosure& out);
  Evaluated Big(NodeId id, Enclosure& lower, Enclosure& upper, Enclosure& out);

  const Ast& ast_;
  const Point& point_;
  const slong precision_;
  Fuel& fuel_;
  const int64_t step_;
  std::vector<std::pair<std::string, Rational>> bound_;  // Variables of the sums around, inner ones last.
  int64_t size_ = 0;
  int64_t terms_left_ = kMaxSumTerms;
};

}  // namespace cohort::reward::math

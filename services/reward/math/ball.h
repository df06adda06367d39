#pragma once

#include <acb.h>

#include <string>
#include <utility>
#include <vector>

#include "services/reward/math/ast.h"
#include "services/reward/math/fuel.h"
#include "services/reward/math/rational.h"

namespace cohort::reward::math {

// A number that is known exactly, or lies for certain in a complex ball.
class Enclosure {
 public:
  Enclosure() { acb_init(ball_); }
  Enclosure(const Enclosure& other) : exact(other.exact), rational(other.rational), real(other.real), ball_set_(other.ball_set_) {
    acb_init(ball_);
    if (ball_set_) acb_set(ball_, other.ball_);
  }
  Enclosure(Enclosure&& other) noexcept : exact(other.exact), rational(std::move(other.rational)), real(other.real), ball_set_(other.ball_set_) {
    acb_init(ball_);
    acb_swap(ball_, other.ball_);
  }
  Enclosure& operator=(Enclosure other) noexcept {
    exact = other.exact;
    std::swap(rational, other.rational);
    real = other.real;
    ball_set_ = other.ball_set_;
    acb_swap(ball_, other.ball_);
    return *this;
  }
  ~Enclosure() { acb_clear(ball_); }

  explicit Enclosure(Rational value) : Enclosure() { SetExact(std::move(value)); }

  void SetExact(Rational value) {
    exact = true;
    ball_set_ = false;
    rational = std::move(value);
  }
  // The ball, for writing; the value is no longer exact.
  acb_ptr Write() {
    exact = false;
    ball_set_ = true;
    return ball_;
  }
  // The ball at `precision` bits.
  acb_srcptr Ball(slong precision) {
    if (!ball_set_) {
      acb_zero(ball_);
      arb_set_fmpq(acb_realref(ball_), rational.get(), precision);
      ball_set_ = true;
    }
    return ball_;
  }

  bool exact = false;
  Rational rational;   // Where `exact`.
  bool real = true;    // No number on the way to it left the reals.

 private:
  acb_t ball_;
  bool ball_set_ = false;
};

// Values of variables, by name.
using Point = std::vector<std::pair<std::string, Enclosure>>;

enum class Evaluated : uint8_t {
  kOk,           // The value lies in the enclosure, which is finite.
  kUndefined,    // For certain there is none: division by zero, logarithm of zero, …
  kUnbounded,    // Not at this precision.
  kUnsupported,  // Something in it has no number: an unevaluated integral, an ellipsis, a sum too long.
  kOutOfFuel,
};

// Evaluates the subtree `id` with every variable at its value in `point`, in certified arithmetic at `precision` bits: the true value lies in `out` for certain.
// `size`, where given, becomes the largest number of bits, of an exact number or of a binary exponent, of any part that does not depend on variables: two such
// values that differ may agree in about as many bits.
// Rational numbers stay exact up to a few thousand digits. Odd roots of negative numbers are real; everything else takes principal values.
// A name without a value makes it kUnsupported.
Evaluated Evaluate(const Ast& ast, NodeId id, const Point& point, slong precision, Fuel& fuel, Enclosure& out, int64_t* size = nullptr);

}  // namespace cohort::reward::math

#pragma once

#include <flint/fmpq_poly.h>

#include <optional>
#include <string>
#include <vector>

#include "services/reward/math/ball.h"
#include "services/reward/math/scalar.h"

namespace cohort::reward::math {

// A polynomial in one variable with rational coefficients.
class Polynomial {
 public:
  Polynomial() { fmpq_poly_init(value_); }
  Polynomial(const Polynomial& other) {
    fmpq_poly_init(value_);
    fmpq_poly_set(value_, other.value_);
  }
  Polynomial(Polynomial&& other) noexcept {
    fmpq_poly_init(value_);
    fmpq_poly_swap(value_, other.value_);
  }
  Polynomial& operator=(Polynomial other) noexcept {
    fmpq_poly_swap(value_, other.value_);
    return *this;
  }
  ~Polynomial() { fmpq_poly_clear(value_); }

  fmpq_poly_struct* get() { return value_; }
  const fmpq_poly_struct* get() const { return value_; }
  int64_t degree() const { return fmpq_poly_degree(value_); }  // -1 for zero.
  bool is_zero() const { return fmpq_poly_is_zero(value_); }

 private:
  fmpq_poly_t value_;
};

// numerator / denominator, not reduced.
struct Fraction {
  Polynomial numerator;
  Polynomial denominator;
};

// The expression as a quotient of polynomials in `variable`; the k-th absolute value in it is its argument with the sign of bit k of `signs`. nullopt when it
// is none, when a degree passes kMaxDegree, or when fuel runs out.
std::optional<Fraction> AsFraction(View view, const std::string& variable, uint32_t signs, Fuel& fuel);

// The real roots in rising order, each once; rational ones exactly where the polynomial is linear after repeated factors are gone. nullopt out of fuel, or beyond kMaxDegree
// and kMaxCoefficientBits.
std::optional<std::vector<Enclosure>> RealRoots(const Polynomial& polynomial, slong precision, Fuel& fuel);

// Whether both have the same complex roots, multiplicities aside.
bool SameRoots(const Polynomial& a, const Polynomial& b);

}  // namespace cohort::reward::math

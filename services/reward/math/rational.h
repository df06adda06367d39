#pragma once

#include <flint/fmpq.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace cohort::reward::math {

// An exact fraction in lowest terms. FLINT ends the process when memory runs out, so every caller bounds the size first.
class Rational {
 public:
  Rational() { fmpq_init(value_); }
  Rational(int64_t value) {  // NOLINT(google-explicit-constructor): whole numbers are fractions.
    fmpq_init(value_);
    fmpz_set_si(fmpq_numref(value_), value);
  }
  // `denominator` is positive.
  Rational(int64_t numerator, uint64_t denominator) {
    fmpq_init(value_);
    fmpq_set_si(value_, numerator, denominator);
  }
  Rational(const Rational& other) {
    fmpq_init(value_);
    fmpq_set(value_, other.value_);
  }
  Rational(Rational&& other) noexcept {
    fmpq_init(value_);
    fmpq_swap(value_, other.value_);
  }
  Rational& operator=(Rational other) noexcept {
    fmpq_swap(value_, other.value_);
    return *this;
  }
  ~Rational() { fmpq_clear(value_); }

  // digits · 10^-decimals; `digits` holds at least one decimal digit and nothing else.
  static Rational FromDigits(const std::string& digits, size_t decimals);
  static Rational PowerOfTen(uint64_t exponent);
  static Rational FromInteger(const fmpz_t value);

  fmpq* get() { return value_; }
  const fmpq* get() const { return value_; }
  const fmpz* numerator() const { return fmpq_numref(value_); }
  const fmpz* denominator() const { return fmpq_denref(value_); }

  int sign() const { return fmpq_sgn(value_); }
  bool is_zero() const { return fmpq_is_zero(value_); }
  bool is_one() const { return fmpq_is_one(value_); }
  bool is_integer() const { return fmpz_is_one(fmpq_denref(value_)); }
  // Whether it is an integer that fits.
  bool FitsInt64() const { return is_integer() && fmpz_fits_si(fmpq_numref(value_)); }
  int64_t ToInt64() const { return fmpz_get_si(fmpq_numref(value_)); }
  // Bits of the larger of numerator and denominator.
  int64_t bits() const;

  Rational operator-() const;
  friend Rational operator+(const Rational& a, const Rational& b);
  friend Rational operator-(const Rational& a, const Rational& b);
  friend Rational operator*(const Rational& a, const Rational& b);
  // `b` is not zero.
  friend Rational operator/(const Rational& a, const Rational& b);
  friend bool operator==(const Rational& a, const Rational& b) { return fmpq_equal(a.value_, b.value_); }
  // Negative, zero or positive as a < b, a = b, a > b.
  friend int Compare(const Rational& a, const Rational& b) { return fmpq_cmp(a.value_, b.value_); }

  // The base is not zero where `exponent` is negative.
  Rational Power(int64_t exponent) const;
  Rational Abs() const { return sign() < 0 ? -*this : *this; }
  Rational Floor() const;
  Rational Ceiling() const { return -(-*this).Floor(); }

  // "-3/4", "5".
  std::string ToString() const;

 private:
  fmpq_t value_;
};

}  // namespace cohort::reward::math

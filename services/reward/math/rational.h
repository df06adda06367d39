#pragma once

#include <gmp.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace cohort::reward::math {

// A whole number of any size. GMP ends the process when memory runs out, so every caller bounds the size first.
class Integer {
 public:
  Integer() { mpz_init(value_); }
  explicit Integer(long value) { mpz_init_set_si(value_, value); }
  Integer(const Integer& other) { mpz_init_set(value_, other.value_); }
  Integer(Integer&& other) noexcept {
    mpz_init(value_);
    mpz_swap(value_, other.value_);
  }
  Integer& operator=(Integer other) noexcept {
    mpz_swap(value_, other.value_);
    return *this;
  }
  ~Integer() { mpz_clear(value_); }

  // The number with these decimal digits, at least one, nothing else.
  static Integer FromDigits(const std::string& digits);
  static Integer PowerOfTen(uint32_t exponent);

  mpz_ptr get() { return value_; }
  mpz_srcptr get() const { return value_; }
  int sign() const { return mpz_sgn(value_); }
  // Size in machine words: what arithmetic costs grows with it.
  int64_t words() const { return static_cast<int64_t>(mpz_size(value_)); }

 private:
  mpz_t value_;
};

// An exact fraction. Not reduced: comparing by cross products is cheaper than a greatest common divisor.
class Rational {
 public:
  Rational() : denominator_(1) {}
  // `denominator` is not zero.
  Rational(Integer numerator, Integer denominator);

  int sign() const { return numerator_.sign(); }
  const Integer& numerator() const { return numerator_; }
  const Integer& denominator() const { return denominator_; }  // Positive.
  void Negate() { mpz_neg(numerator_.get(), numerator_.get()); }

  friend Rational operator+(const Rational& a, const Rational& b);
  friend Rational operator-(const Rational& a, const Rational& b);
  friend Rational operator*(const Rational& a, const Rational& b);
  // `b` is not zero.
  friend Rational operator/(const Rational& a, const Rational& b);
  // Negative, zero or positive as a < b, a = b, a > b.
  friend int Compare(const Rational& a, const Rational& b);
  friend bool operator==(const Rational& a, const Rational& b) { return Compare(a, b) == 0; }

  // Lowest terms: "-3/4", "5".
  std::string ToString() const;

 private:
  Integer numerator_;
  Integer denominator_;
};

}  // namespace cohort::reward::math

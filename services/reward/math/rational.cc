#include "services/reward/math/rational.h"

#include <utility>

namespace cohort::reward::math {
namespace {

Integer Product(const Integer& a, const Integer& b) {
  Integer product;
  mpz_mul(product.get(), a.get(), b.get());
  return product;
}

std::string ToText(mpz_srcptr value) {
  std::string text(mpz_sizeinbase(value, 10) + 2, '\0');
  mpz_get_str(text.data(), 10, value);
  text.resize(text.find('\0'));
  return text;
}

}  // namespace

Integer Integer::FromDigits(const std::string& digits) {
  Integer number;
  mpz_set_str(number.get(), digits.c_str(), 10);
  return number;
}

Integer Integer::PowerOfTen(uint32_t exponent) {
  Integer number;
  mpz_ui_pow_ui(number.get(), 10, exponent);
  return number;
}

Rational::Rational(Integer numerator, Integer denominator) : numerator_(std::move(numerator)), denominator_(std::move(denominator)) {
  if (denominator_.sign() < 0) {
    mpz_neg(numerator_.get(), numerator_.get());
    mpz_neg(denominator_.get(), denominator_.get());
  }
}

Rational operator+(const Rational& a, const Rational& b) {
  Integer numerator = Product(a.numerator_, b.denominator_);
  mpz_addmul(numerator.get(), b.numerator_.get(), a.denominator_.get());
  return {std::move(numerator), Product(a.denominator_, b.denominator_)};
}

Rational operator-(const Rational& a, const Rational& b) {
  Integer numerator = Product(a.numerator_, b.denominator_);
  mpz_submul(numerator.get(), b.numerator_.get(), a.denominator_.get());
  return {std::move(numerator), Product(a.denominator_, b.denominator_)};
}

Rational operator*(const Rational& a, const Rational& b) {
  return {Product(a.numerator_, b.numerator_), Product(a.denominator_, b.denominator_)};
}

Rational operator/(const Rational& a, const Rational& b) {
  return {Product(a.numerator_, b.denominator_), Product(a.denominator_, b.numerator_)};
}

int Compare(const Rational& a, const Rational& b) {
  return mpz_cmp(Product(a.numerator_, b.denominator_).get(), Product(b.numerator_, a.denominator_).get());
}

std::string Rational::ToString() const {
  mpq_t reduced;
  mpq_init(reduced);
  mpz_set(mpq_numref(reduced), numerator_.get());
  mpz_set(mpq_denref(reduced), denominator_.get());
  mpq_canonicalize(reduced);
  std::string text = ToText(mpq_numref(reduced));
  if (mpz_cmp_ui(mpq_denref(reduced), 1) != 0) text += "/" + ToText(mpq_denref(reduced));
  mpq_clear(reduced);
  return text;
}

}  // namespace cohort::reward::math

#include "services/reward/math/rational.h"

#include <flint/fmpz.h>

#include <algorithm>

namespace cohort::reward::math {
namespace {

constexpr size_t kMaxWordDigits = 19;  // Every number of so many digits fits a word.

void AppendInteger(const fmpz* value, std::string& text) {
  if (!COEFF_IS_MPZ(*value)) {
    text += std::to_string(*value);
    return;
  }
  const size_t begin = text.size();
  text.resize(begin + fmpz_sizeinbase(value, 10) + 2);
  fmpz_get_str(text.data() + begin, 10, value);
  text.resize(text.find('\0', begin));
}

}  // namespace

Rational Rational::FromDigits(const std::string& digits, size_t decimals) {
  Rational result;
  if (digits.size() <= kMaxWordDigits) {
    uint64_t value = 0;
    for (const char digit : digits) value = 10 * value + static_cast<uint64_t>(digit - '0');
    fmpz_set_ui(fmpq_numref(result.value_), value);
  } else {
    fmpz_set_str(fmpq_numref(result.value_), digits.c_str(), 10);
  }
  if (decimals == 0) return result;
  fmpz_set_ui(fmpq_denref(result.value_), 10);
  fmpz_pow_ui(fmpq_denref(result.value_), fmpq_denref(result.value_), decimals);
  fmpq_canonicalise(result.value_);
  return result;
}

Rational Rational::PowerOfTen(uint64_t exponent) {
  Rational result;
  fmpz_set_ui(fmpq_numref(result.value_), 10);
  fmpz_pow_ui(fmpq_numref(result.value_), fmpq_numref(result.value_), exponent);
  return result;
}

Rational Rational::FromInteger(const fmpz_t value) {
  Rational result;
  fmpz_set(fmpq_numref(result.value_), value);
  return result;
}

int64_t Rational::bits() const { return static_cast<int64_t>(std::max(fmpz_bits(fmpq_numref(value_)), fmpz_bits(fmpq_denref(value_)))); }

Rational Rational::operator-() const {
  Rational result;
  fmpq_neg(result.value_, value_);
  return result;
}

Rational operator+(const Rational& a, const Rational& b) {
  Rational result;
  fmpq_add(result.value_, a.value_, b.value_);
  return result;
}

Rational operator-(const Rational& a, const Rational& b) {
  Rational result;
  fmpq_sub(result.value_, a.value_, b.value_);
  return result;
}

Rational operator*(const Rational& a, const Rational& b) {
  Rational result;
  fmpq_mul(result.value_, a.value_, b.value_);
  return result;
}

Rational operator/(const Rational& a, const Rational& b) {
  Rational result;
  fmpq_div(result.value_, a.value_, b.value_);
  return result;
}

Rational Rational::Power(int64_t exponent) const {
  Rational result;
  fmpq_pow_si(result.value_, value_, exponent);
  return result;
}

Rational Rational::Floor() const {
  Rational result;
  fmpz_fdiv_q(fmpq_numref(result.value_), fmpq_numref(value_), fmpq_denref(value_));
  return result;
}

std::string Rational::ToString() const {
  std::string text;
  AppendInteger(numerator(), text);
  if (is_integer()) return text;
  text += '/';
  AppendInteger(denominator(), text);
  return text;
}

}  // namespace cohort::reward::math

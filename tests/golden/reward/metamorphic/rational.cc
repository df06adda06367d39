#include "tests/golden/reward/metamorphic/rational.h"

#include <cstdlib>
#include <numeric>

#include "tests/golden/reward/metamorphic/cases.h"
#include "tests/golden/reward/metamorphic/write.h"

namespace cohort::reward::metamorphic {
namespace {

// The digits of value · 10^places when that is whole; else "". `value` is not negative.
std::string Digits(Fraction value, int places) {
  int64_t power = 1;
  for (int i = 0; i < places; ++i) power *= 10;
  return power % value.d == 0 ? std::to_string(value.n * (power / value.d)) : "";
}

// As a decimal of the fewest places up to `most`; "" when there is none.
std::string Decimal(Fraction value, int most) {
  for (int places = 0; places <= most; ++places) {
    std::string digits = Digits(value, places);
    if (digits.empty() || places == 0) {
      if (digits.empty()) continue;
      return digits;
    }
    while (static_cast<int>(digits.size()) <= places) digits.insert(digits.begin(), '0');
    return digits.insert(digits.size() - places, ".");
  }
  return "";
}

std::string Quotient(int64_t n, int64_t d, Choices& choices) {
  const std::string a = std::to_string(n), b = std::to_string(d);
  switch (choices.Below(5)) {
    case 0: return a + "/" + b;
    case 1: return "\\dfrac{" + a + "}{" + b + "}";
    case 2: return a.size() == 1 && b.size() == 1 ? "\\frac" + a + b : "\\tfrac{" + a + "}{" + b + "}";
    default: return "\\frac{" + a + "}{" + b + "}";
  }
}

std::string Grouped(std::string digits, Choices& choices) {
  const char* const separators[] = {",", "{,}", "\\,", ",\\!"};
  const std::string separator = choices.Pick(separators);
  for (int place = static_cast<int>(digits.size()) - 3; place > 0; place -= 3) digits.insert(place, separator);
  return digits;
}

std::string Mixed(Fraction value, Choices& choices) {
  if (value.n < value.d || value.d == 1) return "";
  const std::string whole = std::to_string(value.n / value.d), n = std::to_string(value.n % value.d), d = std::to_string(value.d);
  switch (choices.Below(3)) {
    case 0: return whole + "\\frac{" + n + "}{" + d + "}";
    case 1: return whole + " \\frac{" + n + "}{" + d + "}";
    default: return whole + " " + n + "/" + d;
  }
}

// With a bar over the repeating block, when the denominator divides 9, 99 or 999 (or ten times that); else "".
std::string Repeating(Fraction value, Choices& choices) {
  for (int period = 1; period <= 3; ++period) {
    const int64_t nines = period == 1 ? 9 : period == 2 ? 99 : 999;
    if (value.d == 1 || nines % value.d != 0) continue;
    std::string block = std::to_string(value.n % value.d * (nines / value.d));
    while (static_cast<int>(block.size()) < period) block.insert(block.begin(), '0');
    const std::string whole = std::to_string(value.n / value.d) + ".";
    if (choices.Coin()) return whole + "\\overline{" + block + "}";
    return whole + block + "\\overline{" + block + "}";
  }
  return "";
}

std::string Scientific(Fraction value, Choices& choices) {
  const int exponent = static_cast<int>(choices.Between(1, 4));
  int64_t power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  const bool up = choices.Coin();
  const std::string mantissa = Decimal(up ? Reduced(value.n, value.d * power) : Reduced(value.n * power, value.d), 8);
  if (mantissa.empty()) return "";
  return mantissa + (choices.Coin() ? "\\times 10^{" : " \\cdot 10^{") + (up ? "" : "-") + std::to_string(exponent) + "}";
}

std::string WriteNatural(Fraction value, Choices& choices) {
  if (choices.OneIn(3)) {
    const std::string decimal = Decimal(value, 4);
    if (!decimal.empty()) {
      const bool whole = decimal.find('.') == std::string::npos;
      return choices.OneIn(3) ? decimal + (whole ? ".0" : "0") : decimal;
    }
  }
  const int64_t k = choices.OneIn(3) ? choices.Between(2, 9) : 1;
  return value.d * k == 1 ? std::to_string(value.n) : Quotient(value.n * k, value.d * k, choices);
}

std::string Signed(bool negative, const std::string& text, Choices& choices) {
  if (!negative) return text;
  const char* const signs[] = {"-", "-", "−", "- "};
  return choices.Pick(signs) + text;
}

}  // namespace

Fraction Reduced(int64_t n, int64_t d) {
  const int64_t divisor = std::gcd(n, d) * (d < 0 ? -1 : 1);
  return {n / divisor, d / divisor};
}
Fraction operator+(Fraction a, Fraction b) { return Reduced(a.n * b.d + b.n * a.d, a.d * b.d); }
Fraction operator*(Fraction a, Fraction b) { return Reduced(a.n * b.n, a.d * b.d); }

Fraction DrawFraction(Choices& choices) {
  const int64_t denominators[] = {1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 20, 25, 99};
  const int64_t n = choices.OneIn(4) ? choices.Between(100, 9'999) : choices.Between(1, 99);
  const int64_t d = choices.Pick(denominators);
  return Reduced(choices.OneIn(3) ? -n : n, d);
}

Fraction ChangedFraction(Fraction value, Choices& choices) {
  switch (choices.Below(6)) {
    case 0: return Reduced(value.n + value.d, value.d);
    case 1: return Reduced(-value.n, value.d);
    case 2: return Reduced(value.n * 10, value.d);
    case 3: return Reduced(value.n, value.d * 10);
    case 4: return Reduced(value.n + (value.n == -1 ? -1 : 1), value.d);
    default: return value.n * value.n == value.d * value.d ? Reduced(value.n, value.d + 1) : Reduced(value.d, value.n);
  }
}

std::string WriteFraction(Fraction value, Choices& choices) {
  const std::string natural = WriteNatural({std::abs(value.n), value.d}, choices);
  return Signed(value.n < 0, natural, choices);
}

std::string WriteAlone(Fraction value, Choices& choices) {
  const Fraction size{std::abs(value.n), value.d};
  std::string text;
  switch (choices.Below(8)) {
    case 1: text = Mixed(size, choices); break;
    case 2: text = Repeating(size, choices); break;
    case 3: text = Scientific(size, choices); break;
    case 4: text = size.d == 1 ? Grouped(std::to_string(size.n), choices) : ""; break;
    case 5: {
      const std::string hundredfold = Decimal(Reduced(size.n * 100, size.d), 4);
      if (!hundredfold.empty()) text = hundredfold + (choices.Coin() ? "\\%" : "%");
      break;
    }
    default: break;
  }
  if (text.empty()) text = WriteNatural(size, choices);
  return Signed(value.n < 0, text, choices);
}

Case RationalCase(Choices& choices) {
  const Fraction value = DrawFraction(choices);
  Case made;
  for (int i = 0; i < 3; ++i) {
    const std::string text = WriteAlone(value, choices);
    made.same.push_back(Surround(text, choices));
  }
  const std::string text = WriteAlone(ChangedFraction(value, choices), choices);
  made.different.push_back(Surround(text, choices));
  return made;
}

}  // namespace cohort::reward::metamorphic

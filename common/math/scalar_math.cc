#include "common/math/scalar_math.h"

#include <bit>
#include <cmath>
#include <cstdint>

namespace cohort::math {
namespace {

// fl(x) split of constants: the first part has so few bits that its product with a small integer is exact.
constexpr double kLn2High = 6.93147180369123816490e-01;
constexpr double kLn2Low = 1.90821492927058770002e-10;
constexpr double kHalfPiHigh = 1.57079632673412561417e+00;
constexpr double kHalfPiMiddle = 6.07710050630396597660e-11;
constexpr double kHalfPiLow = 2.02226624879595063154e-21;

double Sine(double r) {
  const double z = r * r;
  double sum = 0;
  // Taylor, highest term first: r - r³/3! + …
  for (int n = 19; n >= 3; n -= 2) sum = (1 - sum) * z / ((n - 1) * n);
  return r * (1 - sum);
}

double Cosine(double r) {
  const double z = r * r;
  double sum = 0;
  for (int n = 20; n >= 2; n -= 2) sum = (1 - sum) * z / ((n - 1) * n);
  return 1 - sum;
}

}  // namespace

double Log(double x) {
  // x = m · 2^e with m in [√½, √2); log m = 2·artanh(s), s = (m - 1) / (m + 1).
  const uint64_t bits = std::bit_cast<uint64_t>(x);
  int64_t exponent = static_cast<int64_t>(bits >> 52) - 1023;
  double mantissa = std::bit_cast<double>((bits & 0xFFFFFFFFFFFFFull) | 0x3FF0000000000000ull);
  if (mantissa > 1.4142135623730951) {
    mantissa *= 0.5;
    ++exponent;
  }
  const double s = (mantissa - 1) / (mantissa + 1);
  const double z = s * s;
  double sum = 0;
  for (int n = 23; n >= 3; n -= 2) sum = z * (1.0 / n + sum);
  const double e = static_cast<double>(exponent);
  return e * kLn2High + (2 * s + (2 * s * sum + e * kLn2Low));
}

double Exp(double x) {
  const double n = std::floor(x * 1.4426950408889634 + 0.5);
  const double r = (x - n * kLn2High) - n * kLn2Low;
  double sum = 1;
  for (int i = 14; i >= 1; --i) sum = 1 + sum * r / i;
  return sum * std::bit_cast<double>(static_cast<uint64_t>(static_cast<int64_t>(n) + 1023) << 52);
}

SineAndCosine SinCos(double x) {
  const double n = std::floor(x * 0.63661977236758138 + 0.5);
  const double r = ((x - n * kHalfPiHigh) - n * kHalfPiMiddle) - n * kHalfPiLow;
  const double s = Sine(r), c = Cosine(r);
  switch (static_cast<int64_t>(n) & 3) {
    case 0: return {s, c};
    case 1: return {c, -s};
    case 2: return {-s, -c};
    default: return {-c, s};
  }
}

}  // namespace cohort::math

#pragma once

#include <cstdint>

namespace cohort::io {

// Arithmetic of CRC-32C's polynomials over GF(2), for those who compute the checksum of parts side by side. A polynomial's bits are reflected: bit 31 is the
// coefficient of x^0. A CRC's state is such a polynomial; n zero bits multiply it by x^n.

inline constexpr uint32_t kCrc32cReversedPolynomial = 0x82F63B78;
inline constexpr uint32_t kCrc32cOne = 0x80000000;

// a · b modulo the polynomial.
constexpr uint32_t Crc32cMultiply(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (int bit = 31; bit >= 0; --bit) {
    if ((a >> bit & 1) != 0) product ^= b;
    b = (b >> 1) ^ ((b & 1) != 0 ? kCrc32cReversedPolynomial : 0);
  }
  return product;
}

// x^exponent modulo the polynomial.
constexpr uint32_t Crc32cPower(uint64_t exponent) {
  uint32_t power = kCrc32cOne, square = kCrc32cOne >> 1;
  for (; exponent > 0; exponent >>= 1) {
    if ((exponent & 1) != 0) power = Crc32cMultiply(power, square);
    square = Crc32cMultiply(square, square);
  }
  return power;
}

}  // namespace cohort::io

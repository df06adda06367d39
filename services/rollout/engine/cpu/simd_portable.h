#pragma once

// Included by kernels_portable.cc alone. See simd_avx512.h for what each function does.

#include <cstdint>

namespace cohort::rollout::cpu {
namespace {

struct Vec {
  float lane[16];
};

constexpr int kVectorRegisters = 4;

template <typename Function>
inline Vec Lanes(Function function) {
  Vec result;
  for (int i = 0; i < 16; ++i) result.lane[i] = function(i);
  return result;
}

inline Vec Load(const float* p) {
  return Lanes([&](int i) { return p[i]; });
}
inline void Store(float* p, Vec a) {
  for (int i = 0; i < 16; ++i) p[i] = a.lane[i];
}
inline Vec Set1(float x) {
  return Lanes([&](int) { return x; });
}
inline Vec Add(Vec a, Vec b) {
  return Lanes([&](int i) { return a.lane[i] + b.lane[i]; });
}
inline Vec Sub(Vec a, Vec b) {
  return Lanes([&](int i) { return a.lane[i] - b.lane[i]; });
}
inline Vec Mul(Vec a, Vec b) {
  return Lanes([&](int i) { return a.lane[i] * b.lane[i]; });
}
inline Vec Div(Vec a, Vec b) {
  return Lanes([&](int i) { return a.lane[i] / b.lane[i]; });
}
inline Vec Fma(Vec a, Vec b, Vec c) {
  return Lanes([&](int i) { return __builtin_fmaf(a.lane[i], b.lane[i], c.lane[i]); });
}
inline Vec Max(Vec a, Vec b) {
  return Lanes([&](int i) { return a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; });
}
inline Vec FirstLanes(Vec a, int n, float fill) {
  return Lanes([&](int i) { return i < n ? a.lane[i] : fill; });
}
inline Vec ScaleByPowerOfTwo(Vec a, Vec shifted) {
  return Lanes([&](int i) {
    return __builtin_bit_cast(float, __builtin_bit_cast(uint32_t, a.lane[i]) + (__builtin_bit_cast(uint32_t, shifted.lane[i]) << 23));
  });
}

inline float TreeSum(Vec a) {
  for (int width = 8; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) a.lane[i] += a.lane[i + width];
  }
  return a.lane[0];
}
inline float TreeMax(Vec a) {
  for (int width = 8; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) a.lane[i] = a.lane[i] > a.lane[i + width] ? a.lane[i] : a.lane[i + width];
  }
  return a.lane[0];
}

}  // namespace
}  // namespace cohort::rollout::cpu

#pragma once

// Included by kernels_avx512.cc alone, which is compiled for AVX-512: hence the unnamed namespace, so that no function of it is ever linked into code
// that runs on other processors.

#include <immintrin.h>

#include <cstdint>

namespace cohort::rollout::cpu {
namespace {

// Sixteen floats. The three definitions of this type (AVX-512, AVX2, portable) give bit-equal results in every function.
struct Vec {
  __m512 v;
};

constexpr int kVectorRegisters = 32;  // Of sixteen floats.

inline Vec Load(const float* p) { return {_mm512_loadu_ps(p)}; }
inline void Store(float* p, Vec a) { _mm512_storeu_ps(p, a.v); }
inline Vec Set1(float x) { return {_mm512_set1_ps(x)}; }
inline Vec Add(Vec a, Vec b) { return {_mm512_add_ps(a.v, b.v)}; }
inline Vec Sub(Vec a, Vec b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline Vec Mul(Vec a, Vec b) { return {_mm512_mul_ps(a.v, b.v)}; }
inline Vec Div(Vec a, Vec b) { return {_mm512_div_ps(a.v, b.v)}; }
inline Vec Fma(Vec a, Vec b, Vec c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
// a where a > b, else b.
inline Vec Max(Vec a, Vec b) { return {_mm512_max_ps(a.v, b.v)}; }
// The first `n` lanes of a; `fill` in the others.
inline Vec FirstLanes(Vec a, int n, float fill) {
  const __mmask16 mask = n >= 16 ? 0xFFFF : static_cast<__mmask16>((1u << n) - 1);
  return {_mm512_mask_blend_ps(mask, _mm512_set1_ps(fill), a.v)};
}
// a · 2^n, where `shifted` = 1.5·2^23 + n.
inline Vec ScaleByPowerOfTwo(Vec a, Vec shifted) {
  return {_mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a.v), _mm512_slli_epi32(_mm512_castps_si512(shifted.v), 23)))};
}

// a0 + a8, … first, then halves of what is left: the same tree in all three definitions.
inline float TreeSum(Vec a) {
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(a.v), _mm512_extractf32x8_ps(a.v, 1));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
inline float TreeMax(Vec a) {
  const __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(a.v), _mm512_extractf32x8_ps(a.v, 1));
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

}  // namespace
}  // namespace cohort::rollout::cpu

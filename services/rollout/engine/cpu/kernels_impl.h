#pragma once

// The kernels, written once over sixteen-lane vectors. Included by kernels_{portable,avx2,avx512}.cc after the header that defines Vec; no standard
// library template may be used here, or code for one processor could be linked into another's.
//
// Why results do not depend on the instruction set, on batching, or on threads: each output is one chain of operations in an order that depends on its
// own operands only. Reductions always run in sixteen lanes and end in the same tree, whatever the width of a register.

#include <cstdint>

#include "services/rollout/engine/cpu/kernels.h"

namespace cohort::rollout::cpu {
namespace {

constexpr float kMinusInfinity = -__builtin_inff();

#define COHORT_UNROLL _Pragma("GCC unroll 16")

// exp(x) within 1.3 ulp for x in [-87, 88]; smaller arguments count as -87, larger ones as 88. x = n·ln 2 + r with |r| <= ln 2 / 2.
inline Vec Exp(Vec x) {
  x = Sub(Set1(0), Max(Sub(Set1(0), Max(x, Set1(-87))), Set1(-88)));
  const Vec shifted = Fma(x, Set1(1.44269504088896341f), Set1(12582912.0f));
  const Vec n = Sub(shifted, Set1(12582912.0f));
  Vec r = Fma(n, Set1(-0.693145751953125f), x);
  r = Fma(n, Set1(-1.42860682030941723212e-6f), r);
  Vec p = Set1(1.0f / 5040);
  p = Fma(p, r, Set1(1.0f / 720));
  p = Fma(p, r, Set1(1.0f / 120));
  p = Fma(p, r, Set1(1.0f / 24));
  p = Fma(p, r, Set1(1.0f / 6));
  p = Fma(p, r, Set1(0.5f));
  p = Fma(p, r, Set1(1.0f));
  p = Fma(p, r, Set1(1.0f));
  return ScaleByPowerOfTwo(p, shifted);
}

inline Vec Silu(Vec x) { return Div(x, Add(Set1(1), Exp(Sub(Set1(0), x)))); }

enum Epilogue { kStore, kAddTo, kSwiglu };

// R rows by P panels, held in registers over the whole chain.
template <int R, int P, int E>
inline void Tile(const GemmArgs& a, int64_t row, int64_t panel) {
  Vec acc[R][P];
  COHORT_UNROLL for (int p = 0; p < P; ++p) {
    const Vec begin = a.bias == nullptr ? Set1(0) : Load(a.bias + (panel + p) * kLanes);
    COHORT_UNROLL for (int r = 0; r < R; ++r) acc[r][p] = begin;
  }
  const int64_t k_end = a.k;
  const int64_t panel_stride = k_end * kLanes;
  const float* w = a.w + panel * panel_stride;
  const float* x[R];
  COHORT_UNROLL for (int r = 0; r < R; ++r) x[r] = a.x + (row + r) * a.x_stride;
  for (int64_t k = 0; k < k_end; ++k) {
    Vec b[P];
    COHORT_UNROLL for (int p = 0; p < P; ++p) b[p] = Load(w + p * panel_stride);
    w += kLanes;
    COHORT_UNROLL for (int r = 0; r < R; ++r) {
      const Vec value = Set1(x[r][k]);
      COHORT_UNROLL for (int p = 0; p < P; ++p) acc[r][p] = Fma(value, b[p], acc[r][p]);
    }
  }
  COHORT_UNROLL for (int r = 0; r < R; ++r) {
    float* y = a.y + (row + r) * a.y_stride;
    if constexpr (E == kSwiglu) {
      COHORT_UNROLL for (int p = 0; p + 1 < P; p += 2) Store(y + (panel + p) / 2 * kLanes, Mul(Silu(acc[r][p]), acc[r][p + 1]));
    } else {
      COHORT_UNROLL for (int p = 0; p < P; ++p) {
        float* out = y + (panel + p) * kLanes;
        Store(out, E == kAddTo ? Add(Load(out), acc[r][p]) : acc[r][p]);
      }
    }
  }
}

// All rows, R at a time with a smaller tile at the end, of P panels.
template <int R, int P, int E>
inline void TileRows(const GemmArgs& a, int64_t panel, int64_t row) {
  for (; row + R <= a.rows; row += R) Tile<R, P, E>(a, row, panel);
  if constexpr (R > 1) {
    if (row < a.rows) TileRows<R / 2, P, E>(a, panel, row);
  }
}

template <int R, int P, int E>
inline void Panels(const GemmArgs& a) {
  int64_t panel = a.panel_begin;
  for (; panel + P <= a.panel_end; panel += P) TileRows<R, P, E>(a, panel, 0);
  if constexpr (P > (E == kSwiglu ? 2 : 1)) {
    if (panel < a.panel_end) {
      GemmArgs rest = a;
      rest.panel_begin = panel;
      Panels<R, P / 2, E>(rest);
    }
  }
}

// Tiles are as large as the registers allow: enough chains to hide the latency of the multiply-add, few loads for each.
template <int E>
void Gemm(const GemmArgs& a) {
  if constexpr (kVectorRegisters >= 32) {
    if (a.rows <= 2) return Panels<2, 8, E>(a);
    return Panels<6, 4, E>(a);
  } else if constexpr (kVectorRegisters >= 8) {
    if (a.rows <= 2 || E == kSwiglu) return Panels<2, 2, E>(a);
    return Panels<6, 1, E>(a);
  } else {
    return Panels<1, 2, E>(a);
  }
}

void RmsNorm(const float* x, const float* weight, float epsilon, int64_t n, float* y) {
  Vec squares = Set1(0);
  for (int64_t i = 0; i < n; i += kLanes) squares = Fma(Load(x + i), Load(x + i), squares);
  const float factor = 1.0f / __builtin_sqrtf(TreeSum(squares) / static_cast<float>(n) + epsilon);
  for (int64_t i = 0; i < n; i += kLanes) Store(y + i, Mul(Mul(Load(x + i), Set1(factor)), Load(weight + i)));
}

void Rope(float* x, const float* cosines, const float* sines, int64_t half) {
  int64_t i = 0;
  for (; i + kLanes <= half; i += kLanes) {
    const Vec a = Load(x + i), b = Load(x + half + i), c = Load(cosines + i), s = Load(sines + i);
    Store(x + i, Fma(a, c, Sub(Set1(0), Mul(b, s))));
    Store(x + half + i, Fma(b, c, Mul(a, s)));
  }
  for (; i < half; ++i) {
    const float a = x[i], b = x[half + i];
    x[i] = __builtin_fmaf(a, cosines[i], 0.0f - b * sines[i]);
    x[half + i] = __builtin_fmaf(b, cosines[i], a * sines[i]);
  }
}

// Scores of Q query heads against N pages from `page` on; rows of `scores` are `stride` apart. A chain over head_dim for each.
template <int Q, int N>
inline void PageScores(const AttentionArgs& a, const float* q, int64_t stride, int64_t page) {
  const float* keys[N];
  const float* queries[Q];
  Vec acc[Q][N];
  COHORT_UNROLL for (int n = 0; n < N; ++n) keys[n] = a.cache + a.pages[page + n] * a.page_stride + a.offset;
  COHORT_UNROLL for (int h = 0; h < Q; ++h) {
    queries[h] = q + h * a.head_dim;
    COHORT_UNROLL for (int n = 0; n < N; ++n) acc[h][n] = Set1(0);
  }
  const int64_t head_dim = a.head_dim;
  for (int64_t d = 0; d < head_dim; ++d) {
    Vec key[N];
    COHORT_UNROLL for (int n = 0; n < N; ++n) key[n] = Load(keys[n] + d * kLanes);
    COHORT_UNROLL for (int h = 0; h < Q; ++h) {
      const Vec query = Set1(queries[h][d]);
      COHORT_UNROLL for (int n = 0; n < N; ++n) acc[h][n] = Fma(query, key[n], acc[h][n]);
    }
  }
  COHORT_UNROLL for (int h = 0; h < Q; ++h) {
    COHORT_UNROLL for (int n = 0; n < N; ++n) Store(a.scores + h * stride + (page + n) * kLanes, Mul(acc[h][n], Set1(a.scale)));
  }
}

// Scores against every position, with enough chains side by side to hide their latency.
template <int Q>
inline void Scores(const AttentionArgs& a, const float* q, int64_t stride) {
  constexpr int kSideBySide = kVectorRegisters >= 32 ? 4 : (Q <= 2 ? 2 : 1);
  const int64_t pages = RoundUpToLanes(a.context) / kLanes;
  int64_t page = 0;
  for (; page + kSideBySide <= pages; page += kSideBySide) PageScores<Q, kSideBySide>(a, q, stride, page);
  if constexpr (kSideBySide > 2) {
    for (; page + 2 <= pages; page += 2) PageScores<Q, 2>(a, q, stride, page);
  }
  for (; page < pages; ++page) PageScores<Q, 1>(a, q, stride, page);
}

// Turns `context` scores into exp(score - max), zero beyond; returns their sum.
inline float SoftmaxNumerators(float* scores, int64_t context) {
  Vec max = Set1(kMinusInfinity);
  for (int64_t i = 0; i < context; i += kLanes) {
    const Vec masked = FirstLanes(Load(scores + i), static_cast<int>(context - i < kLanes ? context - i : kLanes), kMinusInfinity);
    max = Max(masked, max);
  }
  const Vec top = Set1(TreeMax(max));
  Vec sum = Set1(0);
  for (int64_t i = 0; i < context; i += kLanes) {
    const Vec e = FirstLanes(Exp(Sub(Load(scores + i), top)), static_cast<int>(context - i < kLanes ? context - i : kLanes), 0.0f);
    Store(scores + i, e);
    sum = Add(sum, e);
  }
  return TreeSum(sum);
}

// out[h][column … column+16·D) = Σ_t scores[h][t] · V[t], a chain over t for each, divided by the sum of scores.
template <int Q, int D>
inline void WeightedValues(const AttentionArgs& a, int64_t stride, const float* factors, int64_t column, float* out) {
  Vec acc[Q][D];
  COHORT_UNROLL for (int h = 0; h < Q; ++h) {
    COHORT_UNROLL for (int d = 0; d < D; ++d) acc[h][d] = Set1(0);
  }
  for (int64_t begin = 0; begin < a.context; begin += kLanes) {
    const float* values = a.cache + a.pages[begin / kLanes] * a.page_stride + a.offset + a.padded_dim * kLanes + column;
    const int64_t count = a.context - begin < kLanes ? a.context - begin : kLanes;
    const float* weights = a.scores + begin;
    for (int64_t t = 0; t < count; ++t) {
      Vec value[D];
      COHORT_UNROLL for (int d = 0; d < D; ++d) value[d] = Load(values + t * a.padded_dim + d * kLanes);
      COHORT_UNROLL for (int h = 0; h < Q; ++h) {
        const Vec weight = Set1(weights[h * stride + t]);
        COHORT_UNROLL for (int d = 0; d < D; ++d) acc[h][d] = Fma(weight, value[d], acc[h][d]);
      }
    }
  }
  COHORT_UNROLL for (int h = 0; h < Q; ++h) {
    COHORT_UNROLL for (int d = 0; d < D; ++d) {
      const Vec result = Mul(acc[h][d], Set1(factors[h]));
      const int64_t at = column + d * kLanes;
      if (at + kLanes <= a.head_dim) {
        Store(out + h * a.head_dim + at, result);
      } else {
        float lanes[16];
        Store(lanes, result);
        for (int64_t i = at; i < a.head_dim; ++i) out[h * a.head_dim + i] = lanes[i - at];
      }
    }
  }
}

template <int Q>
inline void AttendHeads(const AttentionArgs& a, int64_t head) {
  const int64_t stride = RoundUpToLanes(a.context);
  Scores<Q>(a, a.q + head * a.head_dim, stride);
  float factors[Q];
  for (int h = 0; h < Q; ++h) factors[h] = 1.0f / SoftmaxNumerators(a.scores + h * stride, a.context);
  float* out = a.out + head * a.head_dim;
  int64_t column = 0;
  for (; column + 2 * kLanes <= a.padded_dim; column += 2 * kLanes) WeightedValues<Q, 2>(a, stride, factors, column, out);
  if (column < a.padded_dim) WeightedValues<Q, 1>(a, stride, factors, column, out);
}

void Attention(const AttentionArgs& a) {
  int64_t head = 0;
  for (; head + 4 <= a.queries_per_kv; head += 4) AttendHeads<4>(a, head);
  for (; head + 2 <= a.queries_per_kv; head += 2) AttendHeads<2>(a, head);
  for (; head < a.queries_per_kv; ++head) AttendHeads<1>(a, head);
}

float ExpOfLogits(const float* logits, int64_t n, float temperature, float* p) {
  const Vec divisor = Set1(temperature);
  Vec max = Set1(kMinusInfinity);
  for (int64_t i = 0; i < n; i += kLanes) {
    const Vec scaled = FirstLanes(Div(Load(logits + i), divisor), static_cast<int>(n - i < kLanes ? n - i : kLanes), kMinusInfinity);
    Store(p + i, scaled);
    max = Max(scaled, max);
  }
  const float top = TreeMax(max);
  for (int64_t i = 0; i < n; i += kLanes) {
    Store(p + i, FirstLanes(Exp(Sub(Load(p + i), Set1(top))), static_cast<int>(n - i < kLanes ? n - i : kLanes), 0.0f));
  }
  return top;
}

constexpr Kernels MakeKernels(const char* name) {
  return {name, &Gemm<kStore>, &Gemm<kAddTo>, &Gemm<kSwiglu>, &RmsNorm, &Rope, &Attention, &ExpOfLogits};
}

}  // namespace
}  // namespace cohort::rollout::cpu

#pragma once

#include <cstdint>

namespace cohort::learner {

// The matrix products of the decoder, by LibTorch. Row-major, contiguous fp32; `add` adds to c instead of replacing it. Bit-reproducible for a fixed
// number of threads and 64-byte aligned matrices. Throws what LibTorch throws (c10::Error, a std::exception).

// c[m, n] = a[m, k] · b[n, k]ᵀ: a linear layer.
void MultiplyTransposed(const float* a, const float* b, int64_t m, int64_t n, int64_t k, bool add, float* c);

// c[m, n] = a[m, k] · b[k, n]: the gradient of its input.
void Multiply(const float* a, const float* b, int64_t m, int64_t n, int64_t k, bool add, float* c);

// c[m, n] = a[k, m]ᵀ · b[k, n]: the gradient of its weights.
void TransposedMultiply(const float* a, const float* b, int64_t m, int64_t n, int64_t k, bool add, float* c);

}  // namespace cohort::learner

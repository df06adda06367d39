#pragma once

#include <cuda_bf16.h>
#include <cuda_runtime_api.h>

#include <cstdint>

// The steps of tensor/operations.h on a GPU, each in one pass over its memory. Everything lives on the GPU and is enqueued on `stream`; errors of a launch
// are left to cudaGetLastError(). Sums are fp32, in a fixed order within a row; those over rows are in no fixed order.
namespace cohort::learner::tensor::kernels {

// Rows of values that lie one after the other within a group, groups `group_stride` values apart: some of the heads of packed rows, or, with one row a
// group, the rows of a matrix.
template <typename T>
struct RowsOf {
  T* data;
  int64_t group_stride;
  int rows_in_group;
  int64_t rows;
};

// Columns and strides must be multiples of kColumnStep, pointers aligned to 16 bytes; a norm takes at most kMostNormColumns. Logits need neither.
inline constexpr int64_t kColumnStep = 8;
inline constexpr int64_t kMostNormColumns = 8192;

// y = x · rsqrt(mean(x²) + epsilon) · gain; y is [rows, columns] and inverse_rms [rows], contiguous. Out is float or __nv_bfloat16.
template <typename Out>
void RmsNorm(RowsOf<const float> x, const Out* gain, float epsilon, int columns, Out* y, float* inverse_rms, cudaStream_t stream);

// Adds the gradient of x to dx, that of the gain to dgain [columns]; all have as many rows, inverse_rms with one column.
template <typename Gain>
void AddRmsNormBackward(RowsOf<const float> dy, RowsOf<const float> x, const Gain* gain, RowsOf<const float> inverse_rms, int columns, RowsOf<float> dx,
                        float* dgain, cudaStream_t stream);

// out = silu(gate) · up for rows [gate | up] of 2 · inner columns.
void SwiGlu(const __nv_bfloat16* gate_up, int64_t rows, int inner, __nv_bfloat16* out, cudaStream_t stream);
// The gradient of gate_up for that of out, fp32.
void SwiGluBackward(const float* dout, const __nv_bfloat16* gate_up, int64_t rows, int inner, __nv_bfloat16* dgate_up, cudaStream_t stream);

// Adds `bias` [heads · dim] (nullptr: none) to heads [rows, heads, dim], turns the pairs (c, c + dim/2) of the first `turned` heads of a row by the angles
// whose cosines and sines are [rows, dim/2], and rounds once. From float or __nv_bfloat16
// to __nv_bfloat16, or from that to float.
template <typename In, typename Out>
void RotateHeads(const In* from, const __nv_bfloat16* bias, const float* cosines, const float* sines, int64_t rows, int heads, int turned, int dim,
                 Out* to, cudaStream_t stream);

// Of each row of logits [rows, vocabulary] times `scale`: the logarithm of the softmax's denominator, the target's log-probability, the entropy in nats.
void ScoreLogits(const float* logits, const int64_t* targets, float scale, int64_t rows, int vocabulary, float* log_sums, float* logprobs, float* entropies,
                 cudaStream_t stream);
// dlogits = (one at the target - softmax) · dlogprob · scale, rounded.
void ScoreLogitsBackward(const float* logits, const float* log_sums, const int64_t* targets, const float* dlogprobs, float scale, int64_t rows, int vocabulary,
                         __nv_bfloat16* dlogits, cudaStream_t stream);

}  // namespace cohort::learner::tensor::kernels

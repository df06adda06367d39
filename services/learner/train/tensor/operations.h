#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace cohort::learner::tensor {

// The steps of a decoder between two attentions, over tensors of any device. Products take operands of the compute type (bf16 on a GPU, fp32 in tests on
// the CPU) and sum in fp32; everything else is computed in fp32 and rounded once, where rollout engines round too. Row-major; contiguous but for slices of
// heads. On a GPU each step but the products is one kernel (kernels/), where the sizes allow it: see kernels/kernels.h.

// a[m, k] · b[n, k]ᵀ in the compute type: a linear layer.
at::Tensor Linear(const at::Tensor& a, const at::Tensor& b);
// a[m, k] · b[n, k]ᵀ in fp32: the head.
at::Tensor LinearFp32(const at::Tensor& a, const at::Tensor& b);
// a[m, k] · b[k, n] in fp32: the gradient of a linear layer's input.
at::Tensor ProductFp32(const at::Tensor& a, const at::Tensor& b);
// sum[m, n] += a[k, m]ᵀ · b[k, n], where sum is fp32: the gradient of a linear layer's weights.
void AddTransposedProduct(const at::Tensor& a, const at::Tensor& b, at::Tensor sum);

// A normalised matrix and what its gradient needs.
struct Normed {
  at::Tensor y;            // In the compute type.
  at::Tensor inverse_rms;  // fp32 [..., 1].
};

// x / rms(x) * gain over the last dimension; x is fp32, gain [columns] and the result have type `compute`.
Normed RmsNorm(const at::Tensor& x, const at::Tensor& gain, double epsilon);
// Adds the gradient of x to dx and that of the gain to dgain; dy, dx and dgain are fp32.
void AddRmsNormBackward(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& gain, const at::Tensor& inverse_rms, at::Tensor dx, at::Tensor dgain);

// silu(gate) * up of rows [gate | up], in their type.
at::Tensor SwiGlu(const at::Tensor& gate_up);
// The gradient of gate_up in its type; dy is fp32.
at::Tensor SwiGluBackward(const at::Tensor& dy, const at::Tensor& gate_up);

// Turns the pairs (c, c + dim/2) of the first `turned` heads of every row of heads [rows, heads, dim] by the angles whose cosines and sines are
// [rows, dim/2], after adding `bias` [heads * dim] where there is one, and gives all heads in type `compute`. With sines negated and no bias it is its own
// gradient.
at::Tensor RotateHeads(const at::Tensor& heads, const at::Tensor& bias, int64_t turned, const at::Tensor& cosines, const at::Tensor& sines,
                       at::ScalarType compute);

// Log-probabilities of targets [rows] (int64) under logits [rows, vocab], fp32, times the inverse temperature.
struct Scores {
  at::Tensor logprobs;   // fp32 [rows].
  at::Tensor entropies;  // fp32 [rows], nats.
  at::Tensor log_sums;   // fp32 [rows].
};
Scores ScoreLogits(const at::Tensor& logits, const at::Tensor& targets, double inverse_temperature);
// The gradient of the logits for sum_r dlogprobs[r] * logprob[r], in type `compute`; dlogprobs is fp32 [rows].
at::Tensor ScoreLogitsBackward(const at::Tensor& logits, const at::Tensor& log_sums, const at::Tensor& targets, const at::Tensor& dlogprobs,
                               double inverse_temperature, at::ScalarType compute);

}  // namespace cohort::learner::tensor

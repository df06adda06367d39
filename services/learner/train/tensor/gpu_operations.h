#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "services/learner/train/tensor/operations.h"

// operations.h by this project's own kernels, for what they take; the functions mean the same. Enqueued on LibTorch's current stream.
namespace cohort::learner::tensor::gpu {

// Whether the kernels take these tensors: on a GPU, of the kernels' types, and of sizes that kernels.h allows.
bool TakesNorm(const at::Tensor& x);
bool TakesSwiGlu(const at::Tensor& gate_up);
bool TakesHeads(const at::Tensor& heads, at::ScalarType compute);

Normed RmsNorm(const at::Tensor& x, const at::Tensor& gain, double epsilon);
void AddRmsNormBackward(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& gain, const at::Tensor& inverse_rms, at::Tensor dx, at::Tensor dgain);
at::Tensor SwiGlu(const at::Tensor& gate_up);
at::Tensor SwiGluBackward(const at::Tensor& dy, const at::Tensor& gate_up);
at::Tensor RotateHeads(const at::Tensor& heads, const at::Tensor& bias, int64_t turned, const at::Tensor& cosines, const at::Tensor& sines,
                       at::ScalarType compute);
Scores ScoreLogits(const at::Tensor& logits, const at::Tensor& targets, double inverse_temperature);
at::Tensor ScoreLogitsBackward(const at::Tensor& logits, const at::Tensor& log_sums, const at::Tensor& targets, const at::Tensor& dlogprobs,
                               double inverse_temperature);

}  // namespace cohort::learner::tensor::gpu

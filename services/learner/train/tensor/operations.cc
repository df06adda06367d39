#include "services/learner/train/tensor/operations.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/sigmoid.h>

#include <utility>

#ifdef COHORT_CUDA
#include "services/learner/train/tensor/gpu_operations.h"
#endif

namespace cohort::learner::tensor {
namespace {

bool IsFp32(const at::Tensor& x) { return x.scalar_type() == at::kFloat; }

at::Tensor MultiplyFp32(const at::Tensor& a, const at::Tensor& b) { return IsFp32(a) ? at::mm(a, b) : at::mm(a, b, at::kFloat); }

}  // namespace

at::Tensor Linear(const at::Tensor& a, const at::Tensor& b) { return at::mm(a, b.t()); }

at::Tensor LinearFp32(const at::Tensor& a, const at::Tensor& b) { return MultiplyFp32(a, b.t()); }

at::Tensor ProductFp32(const at::Tensor& a, const at::Tensor& b) { return MultiplyFp32(a, b); }

void AddTransposedProduct(const at::Tensor& a, const at::Tensor& b, at::Tensor sum) {
  if (IsFp32(a)) {
    at::addmm_out(sum, sum, a.t(), b);
  } else {
    at::addmm_out(sum, sum, a.t(), b, at::kFloat);
  }
}

Normed RmsNorm(const at::Tensor& x, const at::Tensor& gain, double epsilon) {
#ifdef COHORT_CUDA
  if (gpu::TakesNorm(x)) return gpu::RmsNorm(x, gain, epsilon);
#endif
  at::Tensor inverse_rms = x.square().mean(-1, /*keepdim=*/true).add_(epsilon).rsqrt_();
  at::Tensor y = x.mul(inverse_rms).mul_(gain.to(at::kFloat)).to(gain.scalar_type());
  return {std::move(y), std::move(inverse_rms)};
}

void AddRmsNormBackward(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& gain, const at::Tensor& inverse_rms, at::Tensor dx, at::Tensor dgain) {
#ifdef COHORT_CUDA
  if (gpu::TakesNorm(x)) return gpu::AddRmsNormBackward(dy, x, gain, inverse_rms, dx, dgain);
#endif
  const at::Tensor normalized = x.mul(inverse_rms);
  const int64_t columns = x.size(-1);
  dgain.add_(dy.mul(normalized).reshape({-1, columns}).sum(0));
  // d/dx of x_i / rms: what points along x itself only changes the rms.
  const at::Tensor weighted = dy.mul(gain.to(at::kFloat));
  const at::Tensor along = weighted.mul(normalized).mean(-1, /*keepdim=*/true);
  dx.add_(weighted.sub_(normalized.mul(along)).mul_(inverse_rms));
}

at::Tensor SwiGlu(const at::Tensor& gate_up) {
#ifdef COHORT_CUDA
  if (gpu::TakesSwiGlu(gate_up)) return gpu::SwiGlu(gate_up);
#endif
  const int64_t inner = gate_up.size(1) / 2;
  const at::Tensor gate = gate_up.narrow(1, 0, inner).to(at::kFloat);
  return gate.mul(at::sigmoid(gate)).mul_(gate_up.narrow(1, inner, inner)).to(gate_up.scalar_type());
}

at::Tensor SwiGluBackward(const at::Tensor& dy, const at::Tensor& gate_up) {
#ifdef COHORT_CUDA
  if (gpu::TakesSwiGlu(gate_up)) return gpu::SwiGluBackward(dy, gate_up);
#endif
  const int64_t inner = gate_up.size(1) / 2;
  const at::Tensor gate = gate_up.narrow(1, 0, inner).to(at::kFloat), up = gate_up.narrow(1, inner, inner).to(at::kFloat);
  const at::Tensor sigmoid = at::sigmoid(gate), silu = gate.mul(sigmoid);
  at::Tensor gradient = at::empty(gate_up.sizes(), gate_up.options());
  gradient.narrow(1, inner, inner).copy_(dy.mul(silu));
  // silu' = sigmoid + silu · (1 - sigmoid).
  gradient.narrow(1, 0, inner).copy_(dy.mul(up).mul_(sigmoid.add(silu.sub(silu.mul(sigmoid)))));
  return gradient;
}

at::Tensor RotateHeads(const at::Tensor& heads, const at::Tensor& bias, int64_t turned, const at::Tensor& cosines, const at::Tensor& sines,
                       at::ScalarType compute) {
#ifdef COHORT_CUDA
  if (gpu::TakesHeads(heads, compute)) return gpu::RotateHeads(heads, bias, turned, cosines, sines, compute);
#endif
  at::Tensor all = heads.to(at::kFloat);
  if (bias.defined()) all = all.add(bias.view({heads.size(1), heads.size(2)}));
  const int64_t half = heads.size(2) / 2;
  const at::Tensor turning = all.narrow(1, 0, turned), low = turning.narrow(2, 0, half), high = turning.narrow(2, half, half);
  const at::Tensor cosine = cosines.unsqueeze(1), sine = sines.unsqueeze(1);
  const at::Tensor rotated = at::cat({low.mul(cosine).sub_(high.mul(sine)), high.mul(cosine).add_(low.mul(sine))}, 2);
  return at::cat({rotated, all.narrow(1, turned, heads.size(1) - turned)}, 1).to(compute);
}

Scores ScoreLogits(const at::Tensor& logits, const at::Tensor& targets, double inverse_temperature) {
#ifdef COHORT_CUDA
  if (logits.is_cuda()) return gpu::ScoreLogits(logits, targets, inverse_temperature);
#endif
  const at::Tensor scaled = logits.mul(inverse_temperature);
  const at::Tensor log_sums = at::logsumexp(scaled, 1, /*keepdim=*/true);
  Scores scores;
  scores.log_sums = log_sums.squeeze(1);
  scores.logprobs = scaled.gather(1, targets.unsqueeze(1)).sub_(log_sums).squeeze(1);
  const at::Tensor probabilities = scaled.sub(log_sums).exp_();
  scores.entropies = scores.log_sums.sub(probabilities.mul_(scaled).sum(1));
  return scores;
}

at::Tensor ScoreLogitsBackward(const at::Tensor& logits, const at::Tensor& log_sums, const at::Tensor& targets, const at::Tensor& dlogprobs,
                               double inverse_temperature, at::ScalarType compute) {
#ifdef COHORT_CUDA
  if (logits.is_cuda() && compute == at::kBFloat16) return gpu::ScoreLogitsBackward(logits, log_sums, targets, dlogprobs, inverse_temperature);
#endif
  const at::Tensor scaled = dlogprobs.mul(inverse_temperature).unsqueeze(1);
  at::Tensor gradient = logits.mul(inverse_temperature).sub_(log_sums.unsqueeze(1)).exp_().mul_(scaled.neg());
  gradient.scatter_add_(1, targets.unsqueeze(1), scaled);
  return gradient.to(compute);
}

}  // namespace cohort::learner::tensor

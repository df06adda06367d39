#include "services/learner/train/tensor/operations.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/sigmoid.h>

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
  at::Tensor inverse_rms = x.square().mean(-1, /*keepdim=*/true).add_(epsilon).rsqrt_();
  at::Tensor y = x.mul(inverse_rms).mul_(gain.to(at::kFloat)).to(gain.scalar_type());
  return {std::move(y), std::move(inverse_rms)};
}

at::Tensor RmsNormBackward(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& gain, const at::Tensor& inverse_rms, at::Tensor dgain) {
  const at::Tensor normalized = x.mul(inverse_rms), fp32_dy = dy.to(at::kFloat);
  const int64_t columns = x.size(-1);
  dgain.add_(fp32_dy.mul(normalized).reshape({-1, columns}).sum(0));
  // d/dx of x_i / rms: what points along x itself only changes the rms.
  const at::Tensor weighted = fp32_dy.mul(gain.to(at::kFloat));
  const at::Tensor along = weighted.mul(normalized).mean(-1, /*keepdim=*/true);
  return weighted.sub_(normalized.mul(along)).mul_(inverse_rms);
}

at::Tensor SwiGlu(const at::Tensor& gate_up) {
  const int64_t inner = gate_up.size(1) / 2;
  const at::Tensor gate = gate_up.narrow(1, 0, inner).to(at::kFloat);
  return gate.mul(at::sigmoid(gate)).mul_(gate_up.narrow(1, inner, inner)).to(gate_up.scalar_type());
}

at::Tensor SwiGluBackward(const at::Tensor& dy, const at::Tensor& gate_up) {
  const int64_t inner = gate_up.size(1) / 2;
  const at::Tensor gate = gate_up.narrow(1, 0, inner).to(at::kFloat), up = gate_up.narrow(1, inner, inner).to(at::kFloat);
  const at::Tensor sigmoid = at::sigmoid(gate), silu = gate.mul(sigmoid);
  at::Tensor gradient = at::empty(gate_up.sizes(), gate_up.options());
  gradient.narrow(1, inner, inner).copy_(dy.mul(silu));
  // silu' = sigmoid + silu · (1 - sigmoid).
  gradient.narrow(1, 0, inner).copy_(dy.mul(up).mul_(sigmoid.add(silu.sub(silu.mul(sigmoid)))));
  return gradient;
}

at::Tensor Rotate(const at::Tensor& heads, const at::Tensor& cosines, const at::Tensor& sines) {
  const int64_t half = heads.size(2) / 2;
  const at::Tensor low = heads.narrow(2, 0, half), high = heads.narrow(2, half, half);
  const at::Tensor cosine = cosines.unsqueeze(1), sine = sines.unsqueeze(1);
  return at::cat({low.mul(cosine).sub_(high.mul(sine)), high.mul(cosine).add_(low.mul(sine))}, 2);
}

Scores ScoreLogits(at::Tensor logits, const at::Tensor& targets, double inverse_temperature) {
  if (inverse_temperature != 1) logits.mul_(inverse_temperature);
  Scores scores;
  scores.log_sums = at::logsumexp(logits, 1, /*keepdim=*/true);
  scores.logprobs = logits.gather(1, targets.unsqueeze(1)).sub_(scores.log_sums).squeeze(1);
  const at::Tensor probabilities = logits.sub(scores.log_sums).exp_();
  scores.entropies = scores.log_sums.squeeze(1).sub(probabilities.mul_(logits).sum(1));
  return scores;
}

void ScoreLogitsBackward(at::Tensor logits, const at::Tensor& log_sums, const at::Tensor& targets, const at::Tensor& dlogprobs, double inverse_temperature) {
  const at::Tensor scaled = dlogprobs.mul(inverse_temperature).unsqueeze(1);
  logits.sub_(log_sums).exp_().mul_(scaled.neg());
  logits.scatter_add_(1, targets.unsqueeze(1), scaled);
}

}  // namespace cohort::learner::tensor

#include "services/learner/train/tensor/gpu_operations.h"

#include <ATen/ops/empty.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>

#include <vector>

#include "services/learner/train/tensor/kernels/kernels.h"

namespace cohort::learner::tensor::gpu {
namespace {

cudaStream_t StreamOf(const at::Tensor& x) { return c10::cuda::getCurrentCUDAStream(x.device().index()); }

const __nv_bfloat16* Bf16(const at::Tensor& x) { return static_cast<const __nv_bfloat16*>(x.const_data_ptr()); }
__nv_bfloat16* MutableBf16(const at::Tensor& x) { return static_cast<__nv_bfloat16*>(x.mutable_data_ptr()); }

// fp32 rows over the last dimension: a contiguous matrix, or some heads of packed rows.
template <typename T>
kernels::RowsOf<T> Rows(const at::Tensor& x, T* data) {
  const int64_t in_group = x.dim() == 3 ? x.size(1) : 1;
  return {data, x.stride(0), static_cast<int>(in_group), x.size(0) * in_group};
}
kernels::RowsOf<const float> ConstRows(const at::Tensor& x) { return Rows(x, x.const_data_ptr<float>()); }

}  // namespace

bool TakesNorm(const at::Tensor& x) {
  const int64_t columns = x.size(-1);
  return x.is_cuda() && columns % kernels::kColumnStep == 0 && columns <= kernels::kMostNormColumns && x.stride(-1) == 1 && x.stride(-2) == columns;
}

bool TakesSwiGlu(const at::Tensor& gate_up) {
  return gate_up.is_cuda() && gate_up.scalar_type() == at::kBFloat16 && gate_up.size(1) % (2 * kernels::kColumnStep) == 0;
}

bool TakesHeads(const at::Tensor& heads, at::ScalarType compute) {
  const bool fp32_only = heads.scalar_type() == at::kFloat && compute == at::kFloat;
  return heads.is_cuda() && !fp32_only && heads.is_contiguous() && heads.size(2) % kernels::kColumnStep == 0;
}

Normed RmsNorm(const at::Tensor& x, const at::Tensor& gain, double epsilon) {
  std::vector<int64_t> sums(x.sizes().begin(), x.sizes().end());
  sums.back() = 1;
  Normed normed{at::empty(x.sizes(), gain.options()), at::empty(sums, x.options())};
  const int columns = static_cast<int>(x.size(-1));
  float* inverse_rms = normed.inverse_rms.mutable_data_ptr<float>();
  if (gain.scalar_type() == at::kFloat) {
    kernels::RmsNorm(ConstRows(x), gain.const_data_ptr<float>(), static_cast<float>(epsilon), columns, normed.y.mutable_data_ptr<float>(), inverse_rms, StreamOf(x));
  } else {
    kernels::RmsNorm(ConstRows(x), Bf16(gain), static_cast<float>(epsilon), columns, MutableBf16(normed.y), inverse_rms, StreamOf(x));
  }
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return normed;
}

void AddRmsNormBackward(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& gain, const at::Tensor& inverse_rms, at::Tensor dx, at::Tensor dgain) {
  const auto add = [&](const auto* gains) {
    kernels::AddRmsNormBackward(ConstRows(dy), ConstRows(x), gains, ConstRows(inverse_rms), static_cast<int>(x.size(-1)),
                                Rows(dx, dx.mutable_data_ptr<float>()), dgain.mutable_data_ptr<float>(), StreamOf(x));
  };
  if (gain.scalar_type() == at::kFloat) {
    add(gain.const_data_ptr<float>());
  } else {
    add(Bf16(gain));
  }
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

at::Tensor SwiGlu(const at::Tensor& gate_up) {
  const int64_t rows = gate_up.size(0), inner = gate_up.size(1) / 2;
  const at::Tensor out = at::empty({rows, inner}, gate_up.options());
  kernels::SwiGlu(Bf16(gate_up), rows, static_cast<int>(inner), MutableBf16(out), StreamOf(gate_up));
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return out;
}

at::Tensor SwiGluBackward(const at::Tensor& dy, const at::Tensor& gate_up) {
  const at::Tensor gradient = at::empty(gate_up.sizes(), gate_up.options());
  kernels::SwiGluBackward(dy.const_data_ptr<float>(), Bf16(gate_up), gate_up.size(0), static_cast<int>(gate_up.size(1) / 2), MutableBf16(gradient),
                          StreamOf(gate_up));
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return gradient;
}

at::Tensor RotateHeads(const at::Tensor& heads, const at::Tensor& bias, int64_t turned, const at::Tensor& cosines, const at::Tensor& sines,
                       at::ScalarType compute) {
  const at::Tensor out = at::empty(heads.sizes(), heads.options().dtype(compute));
  const auto rotate = [&](const auto* from, auto* to) {
    kernels::RotateHeads(from, bias.defined() ? Bf16(bias) : nullptr, cosines.const_data_ptr<float>(), sines.const_data_ptr<float>(), heads.size(0),
                         static_cast<int>(heads.size(1)), static_cast<int>(turned), static_cast<int>(heads.size(2)), to, StreamOf(heads));
  };
  if (heads.scalar_type() == at::kFloat) {
    rotate(heads.const_data_ptr<float>(), MutableBf16(out));
  } else if (compute == at::kFloat) {
    rotate(Bf16(heads), out.mutable_data_ptr<float>());
  } else {
    rotate(Bf16(heads), MutableBf16(out));
  }
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return out;
}

Scores ScoreLogits(const at::Tensor& logits, const at::Tensor& targets, double inverse_temperature) {
  const auto sums = [&logits] { return at::empty({logits.size(0)}, logits.options()); };
  Scores scores{sums(), sums(), sums()};
  kernels::ScoreLogits(logits.const_data_ptr<float>(), targets.const_data_ptr<int64_t>(), static_cast<float>(inverse_temperature), logits.size(0),
                       static_cast<int>(logits.size(1)), scores.log_sums.mutable_data_ptr<float>(), scores.logprobs.mutable_data_ptr<float>(),
                       scores.entropies.mutable_data_ptr<float>(), StreamOf(logits));
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return scores;
}

at::Tensor ScoreLogitsBackward(const at::Tensor& logits, const at::Tensor& log_sums, const at::Tensor& targets, const at::Tensor& dlogprobs,
                               double inverse_temperature) {
  const at::Tensor gradient = at::empty(logits.sizes(), logits.options().dtype(at::kBFloat16));
  kernels::ScoreLogitsBackward(logits.const_data_ptr<float>(), log_sums.const_data_ptr<float>(), targets.const_data_ptr<int64_t>(),
                               dlogprobs.const_data_ptr<float>(), static_cast<float>(inverse_temperature), logits.size(0), static_cast<int>(logits.size(1)),
                               MutableBf16(gradient), StreamOf(logits));
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return gradient;
}

}  // namespace cohort::learner::tensor::gpu

#include <ATen/ops/full.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include <cmath>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/learner/train/tensor/gpu_operations.h"
#include "services/learner/train/tensor/operations.h"

// Every step on a GPU beside the same step composed of LibTorch's operations on the CPU, in fp32 from the same rounded inputs.
namespace cohort::learner::tensor {
namespace {

const at::Device kGpu(at::kCUDA, 0);
const c10::InferenceMode no_gradients;

at::Tensor Random(at::IntArrayRef sizes, at::ScalarType type = at::kFloat) { return at::randn(sizes).to(type); }

// A result that was rounded to bf16 differs by half a unit of its last place at most, now and then by one where the sums before it differ.
void ExpectNear(const at::Tensor& gpu, const at::Tensor& cpu, double tolerance) {
  const at::Tensor actual = gpu.cpu().to(at::kDouble), expected = cpu.to(at::kDouble);
  ASSERT_EQ(actual.sizes(), expected.sizes());
  ASSERT_TRUE(actual.isfinite().all().item<bool>());
  EXPECT_LT(actual.sub(expected).abs().max().item<double>(), tolerance * (1 + expected.abs().max().item<double>()));
}
constexpr double kFp32 = 2e-5, kBf16 = 8e-3;

class NormTest : public ::testing::TestWithParam<std::pair<int64_t, int64_t>> {};

TEST_P(NormTest, RowsOfAMatrix) {
  const auto [rows, columns] = GetParam();
  const at::Tensor x = Random({rows, columns}), gain = Random({columns}, at::kBFloat16), dy = Random({rows, columns});
  ASSERT_TRUE(gpu::TakesNorm(x.to(kGpu)));
  const Normed expected = RmsNorm(x, gain.to(at::kFloat), 1e-6), actual = RmsNorm(x.to(kGpu), gain.to(kGpu), 1e-6);
  EXPECT_EQ(actual.y.scalar_type(), at::kBFloat16);
  ExpectNear(actual.y, expected.y, kBf16);
  ExpectNear(actual.inverse_rms, expected.inverse_rms, kFp32);

  at::Tensor dx = Random({rows, columns}), dgain = Random({columns});
  const at::Tensor gpu_dx = dx.to(kGpu), gpu_dgain = dgain.to(kGpu);
  AddRmsNormBackward(dy, x, gain.to(at::kFloat), expected.inverse_rms, dx, dgain);
  AddRmsNormBackward(dy.to(kGpu), x.to(kGpu), gain.to(kGpu), actual.inverse_rms, gpu_dx, gpu_dgain);
  ExpectNear(gpu_dx, dx, kFp32);
  ExpectNear(gpu_dgain, dgain, 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Sizes, NormTest,
                         ::testing::Values(std::pair(1, 8), std::pair(3, 24), std::pair(5000, 64), std::pair(77, 896), std::pair(2111, 1536), std::pair(9, 3584),
                                           std::pair(130, 4096), std::pair(5, 8192)));

TEST(HeadNormTest, SomeOfTheHeadsOfPackedRows) {
  constexpr int64_t kRows = 301, kHeads = 9, kDim = 128;
  const at::Tensor heads = Random({kRows, kHeads, kDim}), gain = Random({kDim}), dy = Random({kRows, kHeads, kDim});
  const at::Tensor on_gpu = heads.to(kGpu);
  ASSERT_TRUE(gpu::TakesNorm(on_gpu.narrow(1, 2, 5)));
  const Normed expected = RmsNorm(heads.narrow(1, 2, 5), gain, 1e-6), actual = RmsNorm(on_gpu.narrow(1, 2, 5), gain.to(kGpu), 1e-6);
  EXPECT_EQ(actual.y.scalar_type(), at::kFloat);
  ExpectNear(actual.y, expected.y, kFp32);

  at::Tensor dx = Random({kRows, kHeads, kDim}), dgain = at::zeros({kDim}), inverse = Random({kRows, kHeads, 1}).abs();
  const at::Tensor gpu_dx = dx.to(kGpu), gpu_dgain = dgain.to(kGpu), gpu_inverse = inverse.to(kGpu);
  AddRmsNormBackward(dy.narrow(1, 2, 5), heads.narrow(1, 2, 5), gain, inverse.narrow(1, 2, 5), dx.narrow(1, 2, 5), dgain);
  AddRmsNormBackward(dy.to(kGpu).narrow(1, 2, 5), on_gpu.narrow(1, 2, 5), gain.to(kGpu), gpu_inverse.narrow(1, 2, 5), gpu_dx.narrow(1, 2, 5), gpu_dgain);
  ExpectNear(gpu_dx, dx, 1e-4);
  ExpectNear(gpu_dgain, dgain, 1e-4);
}

class SwiGluTest : public ::testing::TestWithParam<std::pair<int64_t, int64_t>> {};

TEST_P(SwiGluTest, ForwardAndBackward) {
  const auto [rows, inner] = GetParam();
  const at::Tensor gate_up = Random({rows, 2 * inner}, at::kBFloat16).mul(4), dy = Random({rows, inner});
  ASSERT_TRUE(gpu::TakesSwiGlu(gate_up.to(kGpu)));
  const at::Tensor exact = gate_up.to(at::kFloat);
  ExpectNear(SwiGlu(gate_up.to(kGpu)), SwiGlu(exact), kBf16);
  ExpectNear(SwiGluBackward(dy.to(kGpu), gate_up.to(kGpu)), SwiGluBackward(dy, exact), kBf16);
}

INSTANTIATE_TEST_SUITE_P(Sizes, SwiGluTest, ::testing::Values(std::pair(1, 8), std::pair(70000, 8), std::pair(33, 4864), std::pair(7, 18944)));

class RotateTest : public ::testing::TestWithParam<int64_t> {};

TEST_P(RotateTest, TurnsTheFirstHeadsAndAddsTheBias) {
  const int64_t dim = GetParam(), rows = 67, heads = 9, turned = 8;
  const at::Tensor x = Random({rows, heads, dim}, at::kBFloat16), bias = Random({heads * dim}, at::kBFloat16), angles = Random({rows, dim / 2}).mul(3);
  const at::Tensor cosines = angles.cos(), sines = angles.sin(), exact = x.to(at::kFloat);
  ASSERT_TRUE(gpu::TakesHeads(x.to(kGpu), at::kBFloat16));
  const auto rotate = [&](const at::Tensor& from, const at::Tensor& added, at::ScalarType type) {
    const at::Device device = from.device();
    return RotateHeads(from, added.defined() ? added.to(device) : added, turned, cosines.to(device), sines.to(device), type);
  };
  const at::Tensor expected = rotate(exact, bias.to(at::kFloat), at::kFloat), plain = rotate(exact, at::Tensor(), at::kFloat);
  ExpectNear(rotate(x.to(kGpu), bias, at::kBFloat16), expected, kBf16);
  ExpectNear(rotate(x.to(kGpu), at::Tensor(), at::kBFloat16), plain, kBf16);
  ExpectNear(rotate(exact.to(kGpu), bias, at::kBFloat16), expected, kBf16);
  ExpectNear(rotate(x.to(kGpu), at::Tensor(), at::kFloat), plain, kFp32);
}

INSTANTIATE_TEST_SUITE_P(Dims, RotateTest, ::testing::Values(8, 64, 128));

class ScoresTest : public ::testing::TestWithParam<std::pair<int64_t, int64_t>> {};

TEST_P(ScoresTest, ForwardAndBackward) {
  const auto [rows, vocabulary] = GetParam();
  const double inverse_temperature = 1 / 0.8;
  const at::Tensor logits = Random({rows, vocabulary}).mul(5), targets = at::randint(vocabulary, {rows}, at::kLong), dlogprobs = Random({rows});
  const Scores expected = ScoreLogits(logits.to(at::kDouble), targets, inverse_temperature);
  const Scores actual = ScoreLogits(logits.to(kGpu), targets.to(kGpu), inverse_temperature);
  ExpectNear(actual.log_sums, expected.log_sums, 2e-6);
  ExpectNear(actual.logprobs, expected.logprobs, 2e-6);
  ExpectNear(actual.entropies, expected.entropies, kFp32);
  const at::Tensor gradient = ScoreLogitsBackward(logits.to(kGpu), actual.log_sums, targets.to(kGpu), dlogprobs.to(kGpu), inverse_temperature, at::kBFloat16);
  EXPECT_EQ(gradient.scalar_type(), at::kBFloat16);
  ExpectNear(gradient, ScoreLogitsBackward(logits, expected.log_sums.to(at::kFloat), targets, dlogprobs, inverse_temperature, at::kFloat), kBf16);
}

INSTANTIATE_TEST_SUITE_P(Sizes, ScoresTest,
                         ::testing::Values(std::pair(1, 1), std::pair(3, 7), std::pair(40, 300), std::pair(5, 2049), std::pair(9, 128256), std::pair(33, 151936)));

TEST(ScoresTest, ForbiddenTokensHaveNoShare) {
  at::Tensor logits = at::full({2, 4096}, -INFINITY);
  logits.select(1, 4000).fill_(1);
  logits.select(1, 17).fill_(2);
  const at::Tensor targets = at::full({2}, 17, at::kLong);
  const Scores actual = ScoreLogits(logits.to(kGpu), targets.to(kGpu), 1);
  const double p = 1 / (1 + std::exp(-1.0));
  EXPECT_NEAR(actual.logprobs.cpu()[0].item<double>(), std::log(p), 1e-6);
  EXPECT_NEAR(actual.entropies.cpu()[1].item<double>(), -p * std::log(p) - (1 - p) * std::log(1 - p), 1e-6);
}

}  // namespace
}  // namespace cohort::learner::tensor

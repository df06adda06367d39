#include <ATen/ops/from_blob.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include <cmath>

#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/learner/train/host_policy_model.h"
#include "services/learner/train/policy_model.h"
#include "services/learner/train/tensor/attention.h"
#include "services/learner/train/tensor/host_copy.h"
#include "tests/unit/services/learner/train/run_config.h"

namespace cohort::learner::tensor {
namespace {

using cohort::testing::StatusIs;
using ::testing::HasSubstr;

const at::Device kGpu(at::kCUDA, 0);

// Families of several completions, lengths up to `longest`.
TokenBatch Batch(int64_t families, uint32_t longest, int64_t vocab) {
  TokenBatch batch;
  random::Stream stream(7, 7);
  for (int64_t f = 0; f < families; ++f) {
    const auto root = RandomTokens(stream, 1 + stream.NextBelow(longest), vocab);
    const int64_t last = batch.AddRoot(root) + static_cast<int64_t>(root.size()) - 1;
    for (int64_t c = 0; c < f % 4; ++c) {
      const auto completion = RandomTokens(stream, 1 + stream.NextBelow(longest), vocab);
      const int64_t row = batch.AddChild(absl::MakeConstSpan(completion).first(completion.size() - 1));
      for (size_t t = 0; t < completion.size(); ++t) batch.AddPrediction(t == 0 ? last : row + static_cast<int64_t>(t) - 1, completion[t]);
    }
  }
  return batch;
}

double RelativeError(const at::Tensor& actual, const at::Tensor& expected) {
  return actual.to(at::kDouble).sub(expected.to(at::kDouble)).norm().item<double>() / expected.to(at::kDouble).norm().item<double>();
}

struct Shape {
  int64_t heads, kv_heads, dim;
};

class FlashAttentionTest : public ::testing::TestWithParam<Shape> {};

TEST_P(FlashAttentionTest, AgreesWithThePlainOneForwardAndBackward) {
  const c10::InferenceMode no_gradients;
  const auto [heads, kv_heads, dim] = GetParam();
  const TokenBatch batch = Batch(9, 150, 40);
  const AttentionPlan plan = PlanAttention(batch, kGpu);
  const auto random = [&](int64_t count) { return at::randn({batch.rows(), count, dim}, at::TensorOptions(kGpu)).to(at::kBFloat16); };
  const at::Tensor q = random(heads), k = random(kv_heads), v = random(kv_heads), dout = random(heads);
  const Attended expected = Attend(plan, q, k, v, /*plain=*/true), actual = Attend(plan, q, k, v);
  EXPECT_LT(RelativeError(actual.out, expected.out), 1e-2);
  EXPECT_LT(actual.log_sums.sub(expected.log_sums).abs().max().item<double>(), 1e-3);
  const AttentionGradient reference = AttendBackward(plan, dout, q, k, v, expected, /*plain=*/true), gradient = AttendBackward(plan, dout, q, k, v, actual);
  EXPECT_LT(RelativeError(gradient.dq, reference.dq), 1e-2);
  EXPECT_LT(RelativeError(gradient.dk, reference.dk), 1e-2);
  EXPECT_LT(RelativeError(gradient.dv, reference.dv), 1e-2);
}

INSTANTIATE_TEST_SUITE_P(Shapes, FlashAttentionTest, ::testing::Values(Shape{14, 2, 64}, Shape{12, 2, 128}, Shape{4, 4, 32}, Shape{32, 8, 128}));

// Lengths of less than a piece, of whole ones, and of some and a part.
class ToHostTest : public ::testing::TestWithParam<int64_t> {};

TEST_P(ToHostTest, EveryElementArrives) {
  const c10::InferenceMode no_gradients;
  const at::Tensor from = at::randn({GetParam()}, at::TensorOptions(kGpu));
  at::Tensor to = at::zeros({GetParam()}, at::TensorOptions(at::kCPU).dtype(at::kFloat));
  ToHost(from, to);
  EXPECT_TRUE(to.equal(from.cpu()));
}

TEST_P(ToHostTest, ElementsAreConvertedToTheTypeOfTheirPlace) {
  const c10::InferenceMode no_gradients;
  const at::Tensor from = at::randn({GetParam()}, at::TensorOptions(kGpu)).to(at::kBFloat16);
  at::Tensor to = at::zeros({GetParam()}, at::TensorOptions(at::kCPU).dtype(at::kFloat));
  ToHost(from, to);
  EXPECT_TRUE(to.equal(from.cpu().to(at::kFloat)));
}

constexpr int64_t kPiece = int64_t{16} << 20;  // Elements of fp32 in 64 MiB.
INSTANTIATE_TEST_SUITE_P(Lengths, ToHostTest, ::testing::Values(1, kPiece - 1, kPiece, 2 * kPiece, 2 * kPiece + 1, 5 * kPiece + 12345));

class GpuPolicyModelTest : public ::testing::Test {
 protected:
  GpuPolicyModelTest() {
    options_.optimizer = TinyRunConfig().optimizer();
    options_.optimizer.set_device(config::v1::DEVICE_CUDA);
    options_.reference = true;
  }

  static double ScoreAndStep(PolicyModel& policy, const TokenBatch& batch, std::vector<double>& logprobs) {
    const std::vector<double> dlogprobs(batch.predictions(), -1.0 / static_cast<double>(batch.predictions()));
    EXPECT_OK(policy.ClearGradients());
    EXPECT_OK(policy.Run([&](int64_t worker) -> absl::Status {
      if (worker > 0) return absl::OkStatus();
      logprobs = policy.Score(worker, WeightsOf::kPolicy, batch, /*keep=*/true).value().logprobs;
      return policy.Backward(worker, batch, dlogprobs);
    }));
    const double norm = policy.FinishGradients().value();
    EXPECT_OK(policy.Step(1e-3, 1));
    return norm;
  }

  static double MeanDifference(const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0;
    for (size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] - b[i]);
    return sum / static_cast<double>(a.size());
  }

  PolicyModelOptions options_;
  const model::LoadedModel model_ = RandomModel({.hidden = 256, .inner = 512, .layers = 4, .heads = 7, .kv_heads = 1, .head_dim = 64, .vocab = 300}, 3);
};

TEST_F(GpuPolicyModelTest, LearnsWhatTheCpuLearnsToTheRoundingOfBf16) {
  ASSERT_OK_AND_ASSIGN(const auto gpu, PolicyModel::Create(options_, model_));
  HostPolicyModel host(options_, model_);
  const TokenBatch batch = Batch(8, 60, 300);
  for (int step = 0; step < 3; ++step) {
    std::vector<double> expected, actual;
    const double norm = ScoreAndStep(host, batch, expected), gpu_norm = ScoreAndStep(*gpu, batch, actual);
    EXPECT_LT(MeanDifference(actual, expected), 2e-2) << "step " << step;
    EXPECT_NEAR(gpu_norm, norm, 0.02 * norm) << "step " << step;
  }
}

TEST_F(GpuPolicyModelTest, CheckpointsAndAReferenceOnTheHostChangeNothing) {
  ASSERT_OK_AND_ASSIGN(const auto plain, PolicyModel::Create(options_, model_));
  options_.optimizer.set_activation_checkpointing(true);
  options_.optimizer.set_reference_on_host(true);
  ASSERT_OK_AND_ASSIGN(const auto saving, PolicyModel::Create(options_, model_));
  const TokenBatch batch = Batch(8, 60, 300);
  std::vector<double> expected, actual;
  const double norm = ScoreAndStep(*plain, batch, expected), saving_norm = ScoreAndStep(*saving, batch, actual);
  EXPECT_EQ(actual, expected);
  EXPECT_NEAR(saving_norm, norm, 1e-4 * norm);  // Sums of gradients are in another order from run to run.
  ASSERT_OK_AND_ASSIGN(const TokenScores of_plain, plain->Score(0, WeightsOf::kReference, batch, /*keep=*/false));
  ASSERT_OK_AND_ASSIGN(const TokenScores of_saving, saving->Score(0, WeightsOf::kReference, batch, /*keep=*/false));
  EXPECT_EQ(of_plain.logprobs, of_saving.logprobs);
}

TEST_F(GpuPolicyModelTest, HandsOutWeightsInFp32AndForSamplingInBf16) {
  ASSERT_OK_AND_ASSIGN(const auto gpu, PolicyModel::Create(options_, model_));
  EXPECT_EQ(gpu->Weights().value()->bytes(), model_.weights->bytes());
  const auto sampling = gpu->SamplingWeights().value();
  model::Arena rounded(model_.layout.size(), model::DType::kBfloat16);
  model::Convert(*model_.weights, rounded);
  EXPECT_EQ(sampling->bytes(), rounded.bytes());
}

TEST_F(GpuPolicyModelTest, HandsOutACopyOnTheGpuThatLaterStepsDoNotChange) {
  ASSERT_OK_AND_ASSIGN(const auto gpu, PolicyModel::Create(options_, model_));
  ASSERT_OK_AND_ASSIGN(const GpuCopy copy, gpu->SamplingWeightsOnGpu());
  const auto before = gpu->SamplingWeights().value();
  std::vector<double> logprobs;
  ScoreAndStep(*gpu, Batch(8, 60, 300), logprobs);
  EXPECT_NE(gpu->SamplingWeights().value()->bytes(), before->bytes());
  ASSERT_EQ(copy.bytes, before->bytes().size());
  EXPECT_EQ(copy.gpu, 0);
  const at::Tensor bytes = at::from_blob(const_cast<void*>(copy.memory.get()), {copy.bytes}, at::TensorOptions(kGpu).dtype(at::kByte)).cpu();
  EXPECT_EQ(absl::MakeConstSpan(static_cast<const char*>(bytes.const_data_ptr()), copy.bytes), before->bytes());
}

TEST_F(GpuPolicyModelTest, WhatDoesNotFitIsRefusedWithTheSum) {
  options_.optimizer.set_micro_batch_tokens(int64_t{1} << 32);
  EXPECT_THAT(PolicyModel::Create(options_, model_).status(),
              StatusIs(absl::StatusCode::kResourceExhausted, ::testing::AllOf(HasSubstr("activations of 4294967296 tokens"), HasSubstr("free"))));
}

TEST_F(GpuPolicyModelTest, AGpuThatIsNotThereIsNamed) {
  options_.optimizer.set_gpu(99);
  EXPECT_THAT(PolicyModel::Create(options_, model_).status(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("GPU 99")));
}

}  // namespace
}  // namespace cohort::learner::tensor

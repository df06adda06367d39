#include "services/learner/train/kernels/kernels.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "common/random/philox.h"
#include "gtest/gtest.h"
#include "services/learner/train/float_buffer.h"

namespace cohort::learner {
namespace {

std::vector<float> Random(int64_t size, uint64_t seed, float scale = 1) {
  random::Stream stream(seed, 9);
  std::vector<float> values(size);
  for (float& value : values) value = static_cast<float>(2 * stream.NextDouble() - 1) * scale;
  return values;
}

void ExpectNear(const std::vector<float>& actual, const std::vector<float>& expected, float tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) ASSERT_NEAR(actual[i], expected[i], tolerance * (1 + std::abs(expected[i]))) << i;
}

// Every set of kernels this processor runs, against the plain one (the last).
class KernelsTest : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    const Kernels* sets[3];
    const int64_t count = SupportedKernels(sets);
    if (GetParam() >= count) GTEST_SKIP() << "this processor runs only " << count << " sets";
    tested_ = sets[GetParam()];
    plain_ = sets[count - 1];
  }

  const Kernels* tested_ = nullptr;
  const Kernels* plain_ = nullptr;
};

TEST_P(KernelsTest, RowKernelsAgree) {
  constexpr int64_t kRows = 5, kColumns = 37;
  const auto x = Random(kRows * kColumns, 1), dy = Random(kRows * kColumns, 2), gain = Random(kColumns, 3);
  const auto gate_up = Random(kRows * 2 * kColumns, 4, 6);
  const auto run = [&](const Kernels& kernels) {
    std::vector<float> y(x.size()), rms(kRows), dx(x.size()), dgain(kColumns), activated(x.size()), sums(kColumns);
    std::vector<float> dgate_up = gate_up;
    kernels.rms_norm(x.data(), gain.data(), 1e-6f, kRows, kColumns, y.data(), rms.data());
    kernels.rms_norm_backward(dy.data(), x.data(), gain.data(), rms.data(), kRows, kColumns, dx.data(), dgain.data());
    kernels.swiglu(gate_up.data(), kRows, kColumns, activated.data());
    kernels.swiglu_backward(dy.data(), kRows, kColumns, dgate_up.data());
    kernels.sum_rows(x.data(), kRows, kColumns, sums.data());
    for (const auto& part : {rms, dx, dgain, activated, dgate_up, sums}) y.insert(y.end(), part.begin(), part.end());
    return y;
  };
  ExpectNear(run(*tested_), run(*plain_), 1e-5f);
}

TEST_P(KernelsTest, AttentionAgreesForShortAndLongFamilies) {
  for (const int64_t head_dim : {int64_t{6}, int64_t{32}}) {
    const AttentionShape shape{6, 2, head_dim};
    const RowSpan children[] = {{70, 45}, {115, 1}, {116, 3}};
    const AttentionFamily family{{0, 70}, children, 3};
    constexpr int64_t kRows = 119;
    const auto qkv = Random(kRows * shape.row_width(), 5, 2), dout = Random(kRows * shape.heads * head_dim, 6);
    const auto run = [&](const Kernels& kernels) {
      std::vector<float> out(kRows * shape.heads * head_dim), log_sums(kRows * shape.heads), dqkv(qkv.size());
      FloatBuffer scratch;
      float* work = scratch.Resize(AttentionScratchFloats(shape, 115));
      std::memset(work, 0xff, AttentionScratchFloats(shape, 115) * sizeof(float));  // NaN: what was left there must not matter.
      for (int64_t kv_head = 0; kv_head < shape.kv_heads; ++kv_head) {
        kernels.attention(shape, family, kv_head, qkv.data(), out.data(), log_sums.data(), work);
        std::memset(work, 0xff, AttentionScratchFloats(shape, 115) * sizeof(float));
        kernels.attention_backward(shape, family, kv_head, qkv.data(), log_sums.data(), dout.data(), dqkv.data(), work);
      }
      out.insert(out.end(), log_sums.begin(), log_sums.end());
      out.insert(out.end(), dqkv.begin(), dqkv.end());
      return out;
    };
    ExpectNear(run(*tested_), run(*plain_), 2e-5f);
  }
}

TEST_P(KernelsTest, RotatingBackUndoesTheRotation) {
  const AttentionShape shape{2, 1, 6};
  const std::vector<int32_t> positions = {0, 3};
  std::vector<float> cosines, sines;
  for (int i = 0; i < 4 * 3; ++i) {
    cosines.push_back(std::cos(0.3f * i));
    sines.push_back(std::sin(0.3f * i));
  }
  const auto original = Random(2 * shape.row_width(), 7), bias = Random(shape.row_width(), 8);
  auto turned = original, expected = original;
  tested_->bias_and_rotate(shape, bias.data(), positions.data(), cosines.data(), sines.data(), 2, turned.data());
  tested_->rotate_back(shape, positions.data(), cosines.data(), sines.data(), 2, turned.data());
  for (size_t i = 0; i < expected.size(); ++i) expected[i] += bias[i % bias.size()];
  ExpectNear(turned, expected, 1e-6f);
}

TEST_P(KernelsTest, ScoresSurviveExtremeLogits) {
  const std::vector<float> logits = {1e4f, -1e4f, 0, 5};
  const int32_t target = 1;
  double logprob, entropy, log_sum;
  tested_->score_logits(logits.data(), 1, &target, 1, 4, &logprob, &entropy, &log_sum);
  EXPECT_NEAR(logprob, -2e4, 1);
  EXPECT_NEAR(entropy, 0, 1e-6);
}

TEST_P(KernelsTest, NanReachesTheResult) {
  std::vector<float> logits(40, 1.0f);
  logits[17] = std::numeric_limits<float>::quiet_NaN();
  const int32_t target = 3;
  double logprob, entropy, log_sum;
  tested_->score_logits(logits.data(), 1, &target, 1, 40, &logprob, &entropy, &log_sum);
  EXPECT_TRUE(std::isnan(logprob));
  EXPECT_TRUE(std::isnan(tested_->sum_of_squares(logits.data(), 40)));
}

TEST_P(KernelsTest, OneAdamWStepIsTheFormula) {
  AdamWStep step{.learning_rate = 0.1f, .beta1 = 0.9f, .beta2 = 0.95f, .epsilon = 1e-8f, .decay = 0.01f};
  step.first_correction = 1 / (1 - 0.9f);
  step.second_correction = 1 / std::sqrt(1 - 0.95f);
  step.gradient_scale = 0.5f;
  std::vector<float> weights(19, 2.0f), first(19), second(19);
  const std::vector<float> gradient(19, -4.0f);
  tested_->adamw(step, gradient.data(), 19, weights.data(), first.data(), second.data());
  for (int i = 0; i < 19; ++i) {
    EXPECT_NEAR(first[i], 0.1 * -2, 1e-6);
    EXPECT_NEAR(second[i], 0.05 * 4, 1e-6);
    EXPECT_NEAR(weights[i], 2 * (1 - 0.1 * 0.01) + 0.1, 1e-5);  // The first step is the learning rate against the gradient's sign.
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, KernelsTest, ::testing::Values(0, 1, 2));

}  // namespace
}  // namespace cohort::learner

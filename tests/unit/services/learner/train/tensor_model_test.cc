#include "services/learner/train/tensor/tensor_policy_model.h"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>

#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/learner/train/host_policy_model.h"
#include "services/learner/train/language_model.h"
#include "tests/unit/services/learner/train/run_config.h"

namespace cohort::learner::tensor {
namespace {

using cohort::testing::StatusIs;
using ::testing::HasSubstr;

const at::Device kCpu(at::kCPU);

// Families with and without children, of several lengths; `families` of them, beginning with number `first`.
TokenBatch Batch(int64_t first, int64_t families) {
  TokenBatch batch;
  for (int64_t f = first; f < first + families; ++f) {
    random::Stream stream(17, f);
    const auto root = RandomTokens(stream, 1 + stream.NextBelow(7), 40);
    const int64_t root_row = batch.AddRoot(root), last = root_row + static_cast<int64_t>(root.size()) - 1;
    const uint32_t children = stream.NextBelow(4) + (f == 0 ? 2 : 0);
    for (uint32_t c = 0; c < children; ++c) {
      const auto completion = RandomTokens(stream, 1 + stream.NextBelow(6), 40);
      const int64_t row = batch.AddChild(absl::MakeConstSpan(completion).first(completion.size() - 1));
      for (size_t t = 0; t < completion.size(); ++t) batch.AddPrediction(t == 0 ? last : row + static_cast<int64_t>(t) - 1, completion[t]);
    }
    batch.AddPrediction(root_row, 3);
  }
  return batch;
}

std::vector<double> Weights(int64_t count) {
  random::Stream stream(5, 5);
  std::vector<double> weights;
  for (int64_t i = 0; i < count; ++i) weights.push_back(stream.NextDouble() - 0.4);
  return weights;
}

struct Case {
  const char* name;
  TinySizes sizes;
};

class TensorModelTest : public ::testing::TestWithParam<Case> {
 protected:
  at::Tensor Flat(const model::Arena& arena) const {
    return at::from_blob(const_cast<char*>(arena.bytes().data()), {arena.size()}, at::kFloat);
  }
  at::Tensor NoGradient() const { return at::zeros({model_.layout.size()}, at::kFloat); }

  at::Tensor GradientOf(TensorLanguageModel::Options options, const TokenBatch& batch, const std::vector<double>& dlogprobs) const {
    TensorLanguageModel language_model(model_.config, model_.layout, kCpu, options);
    at::Tensor gradient = NoGradient();
    language_model.Score(Flat(*model_.weights), batch, /*keep=*/true);
    language_model.Backward(Flat(*model_.weights), dlogprobs, gradient);
    return gradient;
  }

  static void ExpectClose(const at::Tensor& actual, const at::Tensor& expected, double tolerance) {
    const double largest = expected.abs().max().item<double>();
    EXPECT_GT(largest, 0);
    EXPECT_LT(actual.sub(expected).abs().max().item<double>(), tolerance * largest);
  }

  const c10::InferenceMode no_gradients_;
  const model::LoadedModel model_ = RandomModel(GetParam().sizes, 21);
  const testing::TempDir directory_;
};

TEST_P(TensorModelTest, AgreesWithTheDecoderOfTheCpu) {
  const TokenBatch batch = Batch(0, 5);
  const auto dlogprobs = Weights(batch.predictions());
  LanguageModel host(model_.config, model_.layout, /*temperature=*/0.8);
  model::Arena expected(model_.layout.size());
  const TokenScores scores = host.Score(model_.weights->floats().data(), batch, /*keep=*/true);
  host.Backward(model_.weights->floats().data(), batch, dlogprobs, expected.floats().data());

  TensorLanguageModel language_model(model_.config, model_.layout, kCpu, {.temperature = 0.8});
  at::Tensor gradient = NoGradient();
  const TokenScores actual = language_model.Score(Flat(*model_.weights), batch, /*keep=*/true);
  language_model.Backward(Flat(*model_.weights), dlogprobs, gradient);

  for (int64_t i = 0; i < batch.predictions(); ++i) {
    EXPECT_NEAR(actual.logprobs[i], scores.logprobs[i], 1e-5);
    EXPECT_NEAR(actual.entropies[i], scores.entropies[i], 1e-5);
  }
  ExpectClose(gradient, Flat(expected), 1e-5);
}

TEST_P(TensorModelTest, ChunksAndCheckpointsLeaveTheGradientAsItIs) {
  const TokenBatch batch = Batch(0, 4);
  const auto dlogprobs = Weights(batch.predictions());
  const at::Tensor whole = GradientOf({.temperature = 1.3}, batch, dlogprobs);
  ExpectClose(GradientOf({.temperature = 1.3, .chunk_logits = 3 * 40}, batch, dlogprobs), whole, 1e-6);
  ExpectClose(GradientOf({.temperature = 1.3, .checkpoints = true}, batch, dlogprobs), whole, 1e-6);
}

TEST_P(TensorModelTest, GradientsOfPartsAddUpToThatOfTheWhole) {
  const TokenBatch batch = Batch(0, 6);
  const auto dlogprobs = Weights(batch.predictions());
  const at::Tensor whole = GradientOf({}, batch, dlogprobs);
  TensorLanguageModel language_model(model_.config, model_.layout, kCpu, {});
  at::Tensor gradient = NoGradient();
  auto next = dlogprobs.begin();
  for (int64_t family = 0; family < 6; ++family) {
    const TokenBatch part = Batch(family, 1);
    language_model.Score(Flat(*model_.weights), part, /*keep=*/true);
    language_model.Backward(Flat(*model_.weights), {next, next + part.predictions()}, gradient);
    next += part.predictions();
  }
  ExpectClose(gradient, whole, 1e-5);
}

class TensorPolicyModelTest : public TensorModelTest {
 protected:
  TensorPolicyModelTest() {
    options_.optimizer = TinyRunConfig().optimizer();
    options_.optimizer.set_weight_decay(0.1);
    options_.reference = true;
  }

  static void TakeStep(PolicyModel& policy, int64_t step) {
    const TokenBatch batch = Batch(10 * step, 3);
    ASSERT_OK(policy.ClearGradients());
    ASSERT_OK(policy.Run([&](int64_t worker) -> absl::Status {
      if (worker > 0) return absl::OkStatus();
      EXPECT_OK(policy.Score(worker, WeightsOf::kPolicy, batch, /*keep=*/true));
      return policy.Backward(worker, batch, Weights(batch.predictions()));
    }));
    ASSERT_OK_AND_ASSIGN(const double norm, policy.FinishGradients());
    EXPECT_GT(norm, 0);
    ASSERT_OK(policy.Step(1e-2, 0.5));
  }

  PolicyModelOptions options_;
};

TEST_P(TensorPolicyModelTest, LearnsWhatTheCpuLearns) {
  HostPolicyModel host(options_, model_);
  TensorPolicyModel policy(options_, model_, kCpu);
  for (int64_t step = 0; step < 3; ++step) {
    TakeStep(host, step);
    TakeStep(policy, step);
  }
  const auto expected = host.Weights().value(), actual = policy.Weights().value();
  // AdamW divides by the root of the second moment, which makes of a gradient near 0 a step of full length: a few weights may differ by more.
  int64_t apart = 0;
  for (int64_t i = 0; i < expected->size(); ++i) apart += std::abs(actual->floats()[i] - expected->floats()[i]) > 1e-4;
  EXPECT_LE(apart, expected->size() / 200);
}

TEST_P(TensorPolicyModelTest, TakesBackWhatItRemembers) {
  TensorPolicyModel policy(options_, model_, kCpu), undisturbed(options_, model_, kCpu);
  ASSERT_OK(policy.TakeBack());  // Nothing is remembered.
  ASSERT_OK(policy.Remember());
  TakeStep(policy, 3);
  ASSERT_OK(policy.TakeBack());
  policy.Forget();
  TakeStep(policy, 0);
  TakeStep(undisturbed, 0);
  EXPECT_EQ(policy.Weights().value()->bytes(), undisturbed.Weights().value()->bytes());
}

TEST_P(TensorPolicyModelTest, ReferenceStaysUntilItIsRefreshed) {
  for (const bool on_host : {false, true}) {
    options_.optimizer.set_reference_on_host(on_host);
    TensorPolicyModel policy(options_, model_, kCpu);
    const TokenBatch batch = Batch(0, 2);
    const auto score = [&](WeightsOf which) { return policy.Score(0, which, batch, /*keep=*/false).value().logprobs; };
    const auto first = score(WeightsOf::kPolicy);
    TakeStep(policy, 0);
    EXPECT_EQ(score(WeightsOf::kReference), first);
    ASSERT_OK(policy.RefreshReference());
    EXPECT_EQ(score(WeightsOf::kReference), score(WeightsOf::kPolicy));
  }
}

TEST_P(TensorPolicyModelTest, StateMovesBetweenDevices) {
  TensorPolicyModel policy(options_, model_, kCpu);
  TakeStep(policy, 0);
  ASSERT_OK(WriteTrainerState(directory_ / "state.safetensors", policy.State().value()));
  HostPolicyModel host(options_, model_);
  ASSERT_OK(host.Restore(*policy.Weights().value(), directory_ / "state.safetensors"));
  ASSERT_OK(WriteTrainerState(directory_ / "again.safetensors", host.State().value()));
  TensorPolicyModel restored(options_, model_, kCpu);
  ASSERT_OK(restored.Restore(*host.Weights().value(), directory_ / "again.safetensors"));
  TakeStep(policy, 1);
  TakeStep(restored, 1);
  EXPECT_EQ(policy.Weights().value()->bytes(), restored.Weights().value()->bytes());
  EXPECT_THAT(restored.Restore(model::Arena(3), directory_ / "again.safetensors"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("3 elements")));
}

// What a leader sends to a follower and gets back from it, slice by slice.
void Follow(PolicyModel& leader, PolicyModel& follower, const TokenBatch& batch, const std::vector<double>& dlogprobs) {
  for (const WeightsOf which : {WeightsOf::kPolicy, WeightsOf::kReference}) {
    const auto weights = which == WeightsOf::kPolicy ? leader.SamplingWeights().value() : leader.ReferenceWeights().value();
    const int64_t half = weights->size() / 2, width = model::SizeOf(weights->dtype());
    ASSERT_OK(follower.WriteWeights(which, half, weights->dtype(), weights->bytes().subspan(half * width)));
    ASSERT_OK(follower.WriteWeights(which, 0, weights->dtype(), weights->bytes().first(half * width)));
    ASSERT_OK_AND_ASSIGN(const TokenScores expected, leader.Score(0, which, batch, /*keep=*/false));
    ASSERT_OK_AND_ASSIGN(const TokenScores actual, follower.Score(0, which, batch, /*keep=*/which == WeightsOf::kPolicy));
    for (int64_t i = 0; i < batch.predictions(); ++i) EXPECT_NEAR(actual.logprobs[i], expected.logprobs[i], 1e-5);
    if (which == WeightsOf::kPolicy) {
      ASSERT_OK(follower.Backward(0, batch, dlogprobs));
    }
  }
  ASSERT_OK(follower.SumGradients());
  std::vector<float> slice(7);
  const int64_t size = leader.Weights().value()->size();
  for (int64_t offset = 0; offset < size; offset += static_cast<int64_t>(slice.size())) {
    slice.resize(std::min<int64_t>(1000, size - offset));
    ASSERT_OK(follower.ReadGradient(offset, absl::MakeSpan(slice)));
    ASSERT_OK(leader.AddToGradient(offset, slice));
  }
}

TEST_P(TensorPolicyModelTest, FollowsAndLeadsModelsOfBothKinds) {
  PolicyModelOptions followers = options_;
  followers.optimizes = false;
  model::LoadedModel empty = model_;
  empty.weights = std::make_shared<model::Arena>(model_.layout.size());
  const TokenBatch batch = Batch(0, 3);
  const auto dlogprobs = Weights(batch.predictions());
  const auto make = [](bool host, const PolicyModelOptions& options, const model::LoadedModel& initial) -> std::unique_ptr<PolicyModel> {
    if (host) return std::make_unique<HostPolicyModel>(options, initial);
    return std::make_unique<TensorPolicyModel>(options, initial, kCpu);
  };
  for (const auto& [host_leads, host_follows] : {std::pair{true, true}, {true, false}, {false, true}, {false, false}}) {
    const auto leader = make(host_leads, options_, model_), follower = make(host_follows, followers, empty);
    TakeStep(*leader, 0);  // Policy and reference differ.
    ASSERT_OK(leader->ClearGradients());
    ASSERT_OK(leader->Score(0, WeightsOf::kPolicy, batch, /*keep=*/true));
    ASSERT_OK(leader->Backward(0, batch, dlogprobs));
    ASSERT_OK_AND_ASSIGN(const double alone, leader->FinishGradients());
    Follow(*leader, *follower, batch, dlogprobs);
    ASSERT_OK_AND_ASSIGN(const double together, leader->GradientNorm());
    EXPECT_NEAR(together, 2 * alone, 1e-5 * alone) << host_leads << host_follows;
  }
}

const Case kCases[] = {{"Qwen2", {}}, {"Qwen3UntiedSevenQueriesAKey", {.heads = 7, .kv_heads = 1, .tied = false, .qk_norm = true}}};
const auto kName = [](const auto& info) { return std::string(info.param.name); };
INSTANTIATE_TEST_SUITE_P(Models, TensorModelTest, ::testing::ValuesIn(kCases), kName);
INSTANTIATE_TEST_SUITE_P(Models, TensorPolicyModelTest, ::testing::ValuesIn(kCases), kName);

}  // namespace
}  // namespace cohort::learner::tensor

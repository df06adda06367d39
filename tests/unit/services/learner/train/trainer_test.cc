#include "services/learner/train/trainer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/services/learner/train/run_config.h"

namespace cohort::learner {
namespace {

using cohort::testing::HasReason;
using cohort::testing::StatusIs;
using ::testing::HasSubstr;

class TrainerTest : public ::testing::Test {
 protected:
  std::unique_ptr<Trainer> NewTrainer() const { return Trainer::Create(config_, model_).value(); }
  static std::vector<SampleGroup> Groups(int64_t step) { return RandomGroups(6, 4, 40, 100 + step); }
  static bool SameBits(const model::Arena& a, const model::Arena& b) {
    return a.size() == b.size() && std::memcmp(a.bytes().data(), b.bytes().data(), a.bytes().size()) == 0;
  }

  std::vector<float> WeightsAfterOneUpdate() const {
    const auto trainer = NewTrainer();
    EXPECT_OK(trainer->Update(0, Groups(0)));
    const auto weights = trainer->Weights().value();
    return {weights->floats().begin(), weights->floats().end()};
  }

  config::v1::RunConfig config_ = TinyRunConfig();
  const model::LoadedModel model_ = RandomModel({}, 21);
  const testing::TempDir directory_;
};

TEST_F(TrainerTest, TwoTrainersLearnTheSameBits) {
  config_.mutable_algorithm()->set_minibatches(2);
  const auto a = NewTrainer(), b = NewTrainer();
  for (int64_t step = 0; step < 3; ++step) {
    ASSERT_OK(a->Update(step, Groups(step)));
    ASSERT_OK(b->Update(step, Groups(step)));
  }
  EXPECT_TRUE(SameBits(*a->Weights().value(), *b->Weights().value()));
  EXPECT_FALSE(SameBits(*a->Weights().value(), *model_.weights));
}

TEST_F(TrainerTest, ASavedAndRestoredTrainerGoesOnBitEqual) {
  config_.mutable_algorithm()->set_minibatches(2);
  const auto original = NewTrainer();
  for (int64_t step = 0; step < 2; ++step) ASSERT_OK(original->Update(step, Groups(step)));
  ASSERT_OK(original->RefreshReference());
  ASSERT_OK(original->Update(2, Groups(2)));
  ASSERT_OK(WriteTrainerState(directory_ / "state.safetensors", original->Snapshot()->state));
  const auto restored = NewTrainer();
  ASSERT_OK(restored->Restore(*original->Weights().value(), directory_ / "state.safetensors"));
  ASSERT_OK_AND_ASSIGN(const UpdateMetrics expected, original->Update(3, Groups(3)));
  ASSERT_OK_AND_ASSIGN(const UpdateMetrics actual, restored->Update(3, Groups(3)));
  EXPECT_TRUE(SameBits(*original->Weights().value(), *restored->Weights().value()));
  EXPECT_EQ(actual.loss, expected.loss);
  EXPECT_EQ(actual.kl, expected.kl);
}

TEST_F(TrainerTest, SplittingIntoPassesLeavesTheGradientAsItIs) {
  config_.mutable_optimizer()->set_epsilon(1e3);  // Makes the first step proportional to the gradient.
  config_.mutable_optimizer()->set_learning_rate(1e5);
  config_.mutable_optimizer()->set_max_grad_norm(0);
  for (int mode = config::v1::AGGREGATION_TOKEN_MEAN; mode <= config::v1::AGGREGATION_PROMPT_MEAN; ++mode) {
    config_.mutable_algorithm()->set_aggregation(static_cast<config::v1::Aggregation>(mode));
    config_.mutable_optimizer()->set_micro_batch_tokens(16384);
    const auto whole = WeightsAfterOneUpdate();
    config_.mutable_optimizer()->set_micro_batch_tokens(17);
    const auto split = WeightsAfterOneUpdate();
    double largest_step = 0, largest_difference = 0;
    for (size_t i = 0; i < whole.size(); ++i) {
      largest_step = std::max<double>(largest_step, std::abs(whole[i] - model_.weights->floats()[i]));
      largest_difference = std::max<double>(largest_difference, std::abs(whole[i] - split[i]));
    }
    EXPECT_GT(largest_step, 0);
    EXPECT_LT(largest_difference, 1e-5 * std::max(1.0, largest_step)) << "mode " << mode;
  }
}

TEST_F(TrainerTest, RewardedCompletionsBecomeMoreLikely) {
  config_.mutable_algorithm()->set_kl_coefficient(0);
  const auto trainer = NewTrainer();
  std::vector<SampleGroup> groups = {{{1, 2, 3}, {{{4, 5, 6}, {-3, -3, -3}, 1}, {{7, 8, 9}, {-3, -3, -3}, 0}}}};
  const auto difference = [&] {
    // Measured with the sampler's log-probabilities as zero: the metric is then the mean of -log p.
    std::vector<SampleGroup> good = {{{1, 2, 3}, {{{4, 5, 6}, {0, 0, 0}, 1}, {{4, 5, 6}, {0, 0, 0}, 1}}}};
    config::v1::RunConfig still = config_;
    still.mutable_optimizer()->set_learning_rate(1e-30);
    model::LoadedModel current = model_;
    current.weights = std::make_shared<model::Arena>(model_.layout.size());
    const auto weights = trainer->Weights().value();
    std::memcpy(current.weights->bytes().data(), weights->bytes().data(), weights->bytes().size());
    return Trainer::Create(still, current).value()->Update(0, good)->logprob_diff_mean;
  };
  const double before = difference();
  for (int64_t step = 0; step < 5; ++step) ASSERT_OK(trainer->Update(step, groups));
  EXPECT_LT(difference(), before - 0.1);
}

TEST_F(TrainerTest, KlIsZeroAtTheReferenceAndAgainAfterARefresh) {
  const auto trainer = NewTrainer();
  ASSERT_OK_AND_ASSIGN(const UpdateMetrics first, trainer->Update(0, Groups(0)));
  EXPECT_EQ(first.kl, 0);
  ASSERT_OK_AND_ASSIGN(const UpdateMetrics second, trainer->Update(1, Groups(1)));
  EXPECT_GT(second.kl, 1e-6);
  ASSERT_OK(trainer->RefreshReference());
  ASSERT_OK_AND_ASSIGN(const UpdateMetrics third, trainer->Update(2, Groups(2)));
  EXPECT_EQ(third.kl, 0);
}

TEST_F(TrainerTest, MetricsDescribeTheUpdate) {
  config_.mutable_optimizer()->set_warmup_steps(2);
  const auto trainer = NewTrainer();
  const auto groups = Groups(0);
  ASSERT_OK_AND_ASSIGN(const UpdateMetrics metrics, trainer->Update(0, groups));
  int64_t tokens = 0;
  for (const SampleGroup& group : groups) {
    for (const Sample& sample : group.samples) tokens += sample.completion.size();
  }
  EXPECT_EQ(metrics.tokens, tokens);
  EXPECT_EQ(metrics.clip_fraction, 0);
  EXPECT_EQ(metrics.importance_mean, 1);
  EXPECT_NEAR(metrics.learning_rate, 0.5e-2, 1e-12);
  EXPECT_GT(metrics.entropy, 1);
  EXPECT_LT(metrics.entropy, std::log(40));
  EXPECT_GT(metrics.grad_norm, 0);
  EXPECT_GT(metrics.logprob_diff_mean, 0);
  EXPECT_GE(metrics.logprob_diff_max, metrics.logprob_diff_mean);
}

TEST_F(TrainerTest, LaterMinibatchesAreOffPolicyAndClip) {
  config_.mutable_algorithm()->set_minibatches(4);
  config_.mutable_algorithm()->set_clip_low(0.01);
  config_.mutable_algorithm()->set_clip_high(0.01);
  ASSERT_OK_AND_ASSIGN(const UpdateMetrics metrics, NewTrainer()->Update(0, Groups(0)));
  EXPECT_GT(metrics.clip_fraction, 0);
}

TEST_F(TrainerTest, AllSamplesMaskedLeaveEverythingAsItIs) {
  auto groups = Groups(0);
  for (SampleGroup& group : groups) {
    for (Sample& sample : group.samples) sample.masked = true;
  }
  const auto trainer = NewTrainer();
  ASSERT_OK_AND_ASSIGN(const UpdateMetrics metrics, trainer->Update(0, groups));
  EXPECT_EQ(metrics.tokens, 0);
  EXPECT_TRUE(SameBits(*trainer->Weights().value(), *model_.weights));
}

TEST_F(TrainerTest, ANonFiniteLossIsRefusedAndLeavesTheWeights) {
  config_.mutable_algorithm()->set_importance_correction(config::v1::IMPORTANCE_CORRECTION_TOKEN);
  for (const int minibatches : {1, 3}) {
    config_.mutable_algorithm()->set_minibatches(minibatches);
    const auto trainer = NewTrainer(), undisturbed = NewTrainer();
    auto groups = Groups(0);
    groups[3].samples[1].sampler_logprobs[0] = std::numeric_limits<float>::quiet_NaN();
    const auto metrics = trainer->Update(0, groups);
    EXPECT_THAT(metrics, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("step 0")));
    EXPECT_THAT(metrics, HasReason("NON_FINITE"));
    EXPECT_TRUE(SameBits(*trainer->Weights().value(), *model_.weights));
    // Nor does anything else remember it.
    ASSERT_OK(trainer->Update(1, Groups(1)));
    ASSERT_OK(undisturbed->Update(1, Groups(1)));
    EXPECT_TRUE(SameBits(*trainer->Weights().value(), *undisturbed->Weights().value()));
  }
}

TEST_F(TrainerTest, NonFiniteWeightsAreRefused) {
  model_.weights->floats()[3] = std::numeric_limits<float>::infinity();
  EXPECT_THAT(NewTrainer()->Update(0, {{{0, 0}, {{{1, 2}, {-1, -1}, 1}, {{3}, {-1}, 0}}}}), HasReason("NON_FINITE"));
}

TEST_F(TrainerTest, RestoringFromAnotherModelsStateNamesTheTensor) {
  ASSERT_OK(WriteTrainerState(directory_ / "state.safetensors", NewTrainer()->Snapshot()->state));
  const model::LoadedModel larger = RandomModel({.vocab = 48}, 1);
  const auto trainer = Trainer::Create(config_, larger).value();
  EXPECT_THAT(trainer->Restore(*larger.weights, directory_ / "state.safetensors"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("state.safetensors: tensor 'adamw.first_moments'")));
}

TEST_F(TrainerTest, RestoringWithoutTheReferenceIsRefused) {
  config_.mutable_algorithm()->set_kl_coefficient(0);
  ASSERT_OK(WriteTrainerState(directory_ / "state.safetensors", NewTrainer()->Snapshot()->state));
  config_.mutable_algorithm()->set_kl_coefficient(0.01);
  EXPECT_THAT(NewTrainer()->Restore(*model_.weights, directory_ / "state.safetensors"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'reference' is missing")));
}

TEST_F(TrainerTest, ATruncatedStateIsRefusedAndChangesNothing) {
  const auto trainer = NewTrainer(), undisturbed = NewTrainer();
  ASSERT_OK(WriteTrainerState(directory_ / "state.safetensors", trainer->Snapshot()->state));
  ASSERT_OK_AND_ASSIGN(const std::string content, io::ReadFile(directory_ / "state.safetensors"));
  ASSERT_OK(io::WriteFileDurably(directory_ / "state.safetensors", content.substr(0, content.size() / 2)));
  EXPECT_THAT(trainer->Restore(*model_.weights, directory_ / "state.safetensors"), StatusIs(absl::StatusCode::kInvalidArgument));
  ASSERT_OK(trainer->Update(0, Groups(0)));
  ASSERT_OK(undisturbed->Update(0, Groups(0)));
  EXPECT_TRUE(SameBits(*trainer->Weights().value(), *undisturbed->Weights().value()));
}

}  // namespace
}  // namespace cohort::learner

// What becomes of an update when the policy model fails in the middle of it.
#include "services/learner/train/grpo_trainer.h"

#include <cstring>
#include <utility>

#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/services/learner/train/run_config.h"

namespace cohort::learner {
namespace {

using cohort::testing::HasReason;
using cohort::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Errors that a policy model shall return, in place of what it does.
struct Faults {
  absl::Status gather, backward, step, take_back, state;
  int steps_before = 0;  // Steps that succeed before the one that does not.
};

// A real model with errors of a script.
class FaultyPolicyModel final : public PolicyModel {
 public:
  FaultyPolicyModel(std::unique_ptr<PolicyModel> model, Faults* faults) : PolicyModel(model->has_reference()), model_(std::move(model)), faults_(*faults) {}

  absl::Status GatherWorkers() override { return faults_.gather; }
  int64_t workers() const override { return model_->workers(); }
  absl::Status Run(const std::function<absl::Status(int64_t worker)>& body) override { return model_->Run(body); }
  absl::StatusOr<TokenScores> Score(int64_t worker, WeightsOf weights, const TokenBatch& batch, bool keep) override {
    return model_->Score(worker, weights, batch, keep);
  }
  absl::Status Backward(int64_t worker, const TokenBatch& batch, const std::vector<double>& dlogprobs) override {
    return Or(faults_.backward, [&] { return model_->Backward(worker, batch, dlogprobs); });
  }
  absl::Status ClearGradients() override { return model_->ClearGradients(); }
  absl::Status SumGradients() override { return model_->SumGradients(); }
  absl::StatusOr<double> GradientNorm() override { return model_->GradientNorm(); }
  absl::Status Step(double learning_rate, double gradient_scale) override {
    const absl::Status fault = faults_.steps_before-- > 0 ? absl::OkStatus() : faults_.step;
    return Or(fault, [&] { return model_->Step(learning_rate, gradient_scale); });
  }
  absl::Status Remember() override { return model_->Remember(); }
  absl::Status TakeBack() override {
    return Or(faults_.take_back, [&] { return model_->TakeBack(); });
  }
  void Forget() override { model_->Forget(); }
  absl::Status RefreshReference() override { return model_->RefreshReference(); }
  absl::StatusOr<std::shared_ptr<const model::Arena>> Weights() const override { return model_->Weights(); }
  absl::StatusOr<std::shared_ptr<const model::Arena>> SamplingWeights() const override { return model_->SamplingWeights(); }
  absl::Status ReadGradient(int64_t offset, absl::Span<float> values) const override { return model_->ReadGradient(offset, values); }
  absl::Status AddToGradient(int64_t offset, absl::Span<const float> values) override { return model_->AddToGradient(offset, values); }
  absl::Status WriteWeights(WeightsOf weights, int64_t offset, model::DType dtype, absl::Span<const char> bytes) override {
    return model_->WriteWeights(weights, offset, dtype, bytes);
  }
  absl::StatusOr<std::shared_ptr<const model::Arena>> ReferenceWeights() const override { return model_->ReferenceWeights(); }
  absl::StatusOr<TrainerState> State() const override {
    if (!faults_.state.ok()) return faults_.state;
    return model_->State();
  }
  absl::Status Restore(const model::Arena& weights, const std::string& path) override { return model_->Restore(weights, path); }

 private:
  template <typename Call>
  static absl::Status Or(const absl::Status& fault, const Call& call) {
    return fault.ok() ? call() : fault;
  }

  const std::unique_ptr<PolicyModel> model_;
  Faults& faults_;
};

class GrpoTrainerTest : public ::testing::Test {
 protected:
  GrpoTrainerTest() { config_.mutable_algorithm()->set_minibatches(2); }

  std::unique_ptr<Trainer> NewTrainer() {
    const auto distribute = [this](std::unique_ptr<PolicyModel> local) { return std::make_unique<FaultyPolicyModel>(std::move(local), &faults_); };
    return Trainer::Create(config_, model_, distribute).value();
  }
  static std::vector<SampleGroup> Groups() { return RandomGroups(6, 4, 40, 100); }
  static bool SameBits(const model::Arena& a, const model::Arena& b) {
    return a.size() == b.size() && std::memcmp(a.bytes().data(), b.bytes().data(), a.bytes().size()) == 0;
  }

  Faults faults_;
  config::v1::RunConfig config_ = TinyRunConfig();
  const model::LoadedModel model_ = RandomModel({}, 21);
};

TEST_F(GrpoTrainerTest, AnErrorOfAPassKeepsItsCodeAndNamesTheStep) {
  const auto trainer = NewTrainer();
  faults_.backward = absl::ResourceExhaustedError("no memory; lower optimizer.micro_batch_tokens");
  EXPECT_THAT(trainer->Update(3, Groups()), StatusIs(absl::StatusCode::kResourceExhausted, "step 3: no memory; lower optimizer.micro_batch_tokens"));
  EXPECT_TRUE(SameBits(*trainer->Weights().value(), *model_.weights));
}

TEST_F(GrpoTrainerTest, AnUpdateThatFailsAfterItsFirstStepIsTakenBackAndCanBeRepeated) {
  const auto trainer = NewTrainer(), undisturbed = Trainer::Create(config_, model_).value();
  faults_.steps_before = 1;
  faults_.step = FollowerLost("follower a is lost");
  const auto update = trainer->Update(3, Groups());
  EXPECT_TRUE(IsFollowerLost(update.status()));
  EXPECT_THAT(update, StatusIs(absl::StatusCode::kUnavailable, "step 3: follower a is lost; the weights are unchanged"));
  EXPECT_TRUE(SameBits(*trainer->Weights().value(), *model_.weights));
  faults_ = Faults();
  ASSERT_OK(trainer->Update(3, Groups()));
  ASSERT_OK(undisturbed->Update(3, Groups()));
  EXPECT_TRUE(SameBits(*trainer->Weights().value(), *undisturbed->Weights().value()));
}

TEST_F(GrpoTrainerTest, WhatCannotBeTakenBackIsNotToBeRepeated) {
  const auto trainer = NewTrainer();
  faults_.steps_before = 1;
  faults_.step = FollowerLost("follower a is lost");
  faults_.take_back = absl::InternalError("the GPU is gone");
  const auto update = trainer->Update(3, Groups());
  EXPECT_FALSE(IsFollowerLost(update.status()));
  EXPECT_THAT(update, StatusIs(absl::StatusCode::kInternal, AllOf(HasSubstr("step 3: follower a is lost"), HasSubstr("the GPU is gone"), Not(HasSubstr("unchanged")))));
}

TEST_F(GrpoTrainerTest, AMissingFollowerIsToldBeforeAnythingBegins) {
  const auto trainer = NewTrainer();
  faults_.gather = FollowerLost("0 of 1 followers are there");
  EXPECT_THAT(trainer->Update(0, Groups()), AllOf(HasReason("FOLLOWER_LOST"), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("0 of 1"))));
}

TEST_F(GrpoTrainerTest, ASnapshotWithoutMemoryIsAnError) {
  const auto trainer = NewTrainer();
  faults_.state = absl::ResourceExhaustedError("the host has no memory left");
  EXPECT_THAT(trainer->Snapshot().status(), StatusIs(absl::StatusCode::kResourceExhausted, "no copy of weights and optimizer state could be made: the host has no memory left"));
}

}  // namespace
}  // namespace cohort::learner

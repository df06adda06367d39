#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/model/arena.h"
#include "common/model/model_config.h"
#include "proto/cohort/config/v1/run.pb.h"
#include "services/learner/train/objective.h"
#include "services/learner/train/policy_model.h"
#include "services/learner/train/trainer.h"
#include "services/learner/train/update_plan.h"

namespace cohort::learner {

// GRPO on whatever device the policy model lives.
class GrpoTrainer final : public Trainer {
 public:
  GrpoTrainer(const config::v1::RunConfig& config, const model::ModelConfig& model_config, std::unique_ptr<PolicyModel> policy);

  absl::StatusOr<UpdateMetrics> Update(int64_t step, const std::vector<SampleGroup>& groups) override;
  void SetLearningRate(double peak) override { config_.mutable_optimizer()->set_learning_rate(peak); }
  absl::StatusOr<std::shared_ptr<const model::Arena>> Weights() const override { return policy_->Weights(); }
  absl::StatusOr<std::shared_ptr<const model::Arena>> SamplingWeights() const override { return policy_->SamplingWeights(); }
  absl::StatusOr<GpuCopy> SamplingWeightsOnGpu() const override { return policy_->SamplingWeightsOnGpu(); }
  std::optional<int> gpu() const override { return policy_->gpu(); }
  absl::Status RefreshReference() override { return policy_->RefreshReference(); }
  absl::StatusOr<TrainerSnapshot> Snapshot() const override;
  absl::Status Restore(const model::Arena& weights, const std::string& path) override { return policy_->Restore(weights, path); }

 private:
  // With several minibatches the state before is remembered first, whatever comes of it.
  absl::StatusOr<UpdateMetrics> RunMinibatches(int64_t step, const UpdatePlan& plan, const std::vector<SampleGroup>& groups);
  // Log-probabilities of all planned tokens under the current weights.
  absl::StatusOr<std::vector<double>> OldLogprobs(const UpdatePlan& plan, const std::vector<SampleGroup>& groups);
  // Forward and backward of all passes of a minibatch; adds to the workers' gradients. `old_logprobs` is empty when the policy itself is the old one.
  absl::StatusOr<ObjectiveTotals> Accumulate(const PlannedMinibatch& minibatch, const std::vector<SampleGroup>& groups, const std::vector<double>& old_logprobs);
  absl::Status AccumulatePass(const std::vector<SampleGroup>& groups, absl::Span<const PlannedSample> samples, const std::vector<double>& old_logprobs,
                              int64_t worker, ObjectiveTotals& totals);

  config::v1::RunConfig config_;
  const model::ModelConfig model_config_;
  const std::unique_ptr<PolicyModel> policy_;
};

}  // namespace cohort::learner

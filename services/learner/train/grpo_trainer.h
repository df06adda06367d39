#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/model/arena.h"
#include "common/model/checkpoint.h"
#include "proto/cohort/config/v1/run.pb.h"
#include "services/learner/train/adamw.h"
#include "services/learner/train/gradient_workers.h"
#include "services/learner/train/objective.h"
#include "services/learner/train/trainer.h"
#include "services/learner/train/update_plan.h"

namespace cohort::learner {

// The trainer on the CPU: flat fp32 weights, gradient and moments in the arena's layout, so that handing out the weights is one copy and the optimizer
// one pass.
class GrpoTrainer final : public Trainer {
 public:
  GrpoTrainer(const config::v1::RunConfig& config, const model::LoadedModel& initial);

  absl::StatusOr<UpdateMetrics> Update(int64_t step, const std::vector<SampleGroup>& groups) override;
  void SetLearningRate(double peak) override { config_.mutable_optimizer()->set_learning_rate(peak); }
  std::shared_ptr<const model::Arena> Weights() const override;
  void RefreshReference() override;
  absl::Status SaveState(const std::string& path) const override;
  absl::Status Restore(const model::Arena& weights, const std::string& state_path) override;

 private:
  // What a failed update is taken back to.
  struct Snapshot {
    model::Arena weights, first, second;
    int64_t updates;
  };

  absl::StatusOr<UpdateMetrics> RunMinibatches(int64_t step, const UpdatePlan& plan, const std::vector<SampleGroup>& groups);
  // Log-probabilities of all planned tokens under the current weights.
  std::vector<double> OldLogprobs(const UpdatePlan& plan, const std::vector<SampleGroup>& groups);
  // Forward and backward of all passes of a minibatch; adds to the workers' gradients. `old_logprobs` is empty when the policy itself is the old one.
  ObjectiveTotals Accumulate(const PlannedMinibatch& minibatch, const std::vector<SampleGroup>& groups, const std::vector<double>& old_logprobs);
  void AccumulatePass(const std::vector<SampleGroup>& groups, absl::Span<const PlannedSample> samples, const std::vector<double>& old_logprobs,
                      GradientWorker& worker, ObjectiveTotals& totals) const;
  Snapshot TakeSnapshot() const;
  void TakeBack(const Snapshot& snapshot);

  config::v1::RunConfig config_;
  const model::ModelConfig model_config_;
  GradientWorkers workers_;
  AdamW optimizer_;
  model::Arena weights_;
  std::unique_ptr<model::Arena> reference_;  // Null when the loss has no KL term.
};

}  // namespace cohort::learner

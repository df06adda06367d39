#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/model/arena.h"
#include "services/learner/train/adamw.h"
#include "services/learner/train/gradient_workers.h"
#include "services/learner/train/policy_model.h"

namespace cohort::learner {

// A policy on the CPU: flat fp32 weights, gradient and moments in the arena's layout, so that handing out the weights is one copy and the optimizer one
// pass. Deterministic to the bit for equal inputs and thread counts.
class HostPolicyModel final : public PolicyModel {
 public:
  HostPolicyModel(const PolicyModelOptions& options, const model::LoadedModel& initial);

  int64_t workers() const override { return workers_.count(); }
  void Run(const std::function<void(int64_t worker)>& body) override;
  TokenScores Score(int64_t worker, WeightsOf weights, const TokenBatch& batch, bool keep) override;
  void Backward(int64_t worker, const TokenBatch& batch, const std::vector<double>& dlogprobs) override;
  void ClearGradients() override { workers_.ClearGradients(); }
  double FinishGradients() override;
  void Step(double learning_rate, double gradient_scale) override;
  void Remember() override;
  void TakeBack() override;
  void Forget() override { remembered_.reset(); }
  void RefreshReference() override;
  std::shared_ptr<const model::Arena> Weights() const override;
  std::shared_ptr<const model::Arena> SamplingWeights() const override { return Weights(); }
  TrainerState State() const override;
  absl::Status Restore(const model::Arena& weights, const std::string& state_path) override;

 private:
  struct Snapshot {
    model::Arena weights, first, second;
    int64_t updates;
  };

  GradientWorkers workers_;
  AdamW optimizer_;
  model::Arena weights_;
  std::unique_ptr<model::Arena> reference_;  // Null without one.
  std::unique_ptr<Snapshot> remembered_;
};

}  // namespace cohort::learner

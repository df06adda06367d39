#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/model/arena.h"
#include "services/learner/train/adamw.h"
#include "services/learner/train/gradient_workers.h"
#include "services/learner/train/policy_model.h"

namespace cohort::learner {

// A policy on the CPU: flat fp32 weights, gradient and moments in the arena's layout, so that handing out the weights is one copy and the optimizer one
// pass. Deterministic to the bit for equal inputs and thread counts.
class HostPolicyModel final : public PolicyModel {
 public:
  // Throws when memory runs out: only through PolicyModel::Create() and tests.
  HostPolicyModel(const PolicyModelOptions& options, const model::LoadedModel& initial);

  int64_t workers() const override { return workers_.count(); }
  absl::Status Run(const std::function<absl::Status(int64_t worker)>& body) override;
  absl::StatusOr<TokenScores> Score(int64_t worker, WeightsOf weights, const TokenBatch& batch, bool keep) override;
  absl::Status Backward(int64_t worker, const TokenBatch& batch, const std::vector<double>& dlogprobs) override;
  absl::Status ClearGradients() override;
  absl::Status SumGradients() override;
  absl::StatusOr<double> GradientNorm() override;
  absl::Status Step(double learning_rate, double gradient_scale) override;
  absl::Status Remember() override;
  absl::Status TakeBack() override;
  void Forget() override { remembered_.reset(); }
  absl::Status RefreshReference() override;
  absl::StatusOr<std::shared_ptr<const model::Arena>> Weights() const override;
  absl::StatusOr<std::shared_ptr<const model::Arena>> SamplingWeights() const override { return Weights(); }
  absl::StatusOr<TrainerState> State() const override;
  absl::Status ReadGradient(int64_t offset, absl::Span<float> values) const override;
  absl::Status AddToGradient(int64_t offset, absl::Span<const float> values) override;
  absl::Status WriteWeights(WeightsOf weights, int64_t offset, model::DType dtype, absl::Span<const char> bytes) override;
  absl::StatusOr<std::shared_ptr<const model::Arena>> ReferenceWeights() const override;
  absl::Status Restore(const model::Arena& weights, const std::string& state_path) override;

 private:
  struct Snapshot {
    model::Arena weights, first, second;
    int64_t updates;
  };

  GradientWorkers workers_;
  std::unique_ptr<AdamW> optimizer_;  // Null where it does not optimize.
  model::Arena weights_;
  std::unique_ptr<model::Arena> reference_;  // Null without one.
  std::unique_ptr<Snapshot> remembered_;
};

}  // namespace cohort::learner

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/learner/follow/follower_link.h"
#include "services/learner/follow/follower_pool.h"
#include "services/learner/train/policy_model.h"

namespace cohort::learner {

// A policy whose passes are computed by this process and by followers: the workers are the local ones, then those of every follower by rank. State and
// optimizer are the local model's; followers get the weights before their first pass after a change, and their gradients are added to the local one by rank,
// element by element, so that equal sets of workers give equal bits.
//
// Any function that needs a follower returns FollowerLost() when one is gone, INTERNAL with its name when it cannot do what it is told.
class DistributedPolicyModel final : public PolicyModel {
 public:
  // `pool` outlives the model. `elements` is the size of the arena.
  DistributedPolicyModel(std::unique_ptr<PolicyModel> local, FollowerPool* pool, int64_t elements);

  absl::Status GatherWorkers() override;
  int64_t workers() const override;
  absl::Status Run(const std::function<absl::Status(int64_t worker)>& body) override;
  absl::StatusOr<TokenScores> Score(int64_t worker, WeightsOf weights, const TokenBatch& batch, bool keep) override;
  absl::Status Backward(int64_t worker, const TokenBatch& batch, const std::vector<double>& dlogprobs) override;
  absl::Status ClearGradients() override;
  absl::Status SumGradients() override;
  absl::StatusOr<double> GradientNorm() override { return local_->GradientNorm(); }
  absl::Status Step(double learning_rate, double gradient_scale) override;
  absl::Status Remember() override { return local_->Remember(); }
  absl::Status TakeBack() override;
  void Forget() override { local_->Forget(); }
  absl::Status RefreshReference() override;
  absl::StatusOr<std::shared_ptr<const model::Arena>> Weights() const override { return local_->Weights(); }
  absl::StatusOr<std::shared_ptr<const model::Arena>> SamplingWeights() const override { return local_->SamplingWeights(); }
  absl::StatusOr<GpuCopy> SamplingWeightsOnGpu() const override { return local_->SamplingWeightsOnGpu(); }
  std::optional<int> gpu() const override { return local_->gpu(); }
  absl::Status ReadGradient(int64_t offset, absl::Span<float> values) const override { return local_->ReadGradient(offset, values); }
  absl::Status AddToGradient(int64_t offset, absl::Span<const float> values) override { return local_->AddToGradient(offset, values); }
  absl::Status WriteWeights(WeightsOf weights, int64_t offset, model::DType dtype, absl::Span<const char> bytes) override;
  absl::StatusOr<std::shared_ptr<const model::Arena>> ReferenceWeights() const override { return local_->ReferenceWeights(); }
  absl::StatusOr<TrainerState> State() const override { return local_->State(); }
  absl::Status Restore(const model::Arena& weights, const std::string& state_path) override;

 private:
  // What a follower has; 0 for nothing.
  struct Follower {
    std::shared_ptr<FollowerLink> link;
    int64_t policy = 0;
    int64_t reference = 0;
  };
  // A worker of a follower.
  struct RemoteWorker {
    FollowerLink* link = nullptr;
    int64_t worker = 0;  // As the follower counts them.
  };

  // The follower's worker that stands behind `worker`; null for a local one.
  const RemoteWorker* Remote(int64_t worker) const;
  // Sends the weights to whoever lacks them.
  absl::Status BringUpToDate();
  absl::Status SendWeights(WeightsOf weights, const model::Arena& arena, const std::vector<FollowerLink*>& links);
  // Gives all followers the order, calls `meanwhile`, and waits for their answers.
  absl::Status OrderAll(const v1::FollowResponse& order, const std::function<absl::Status()>& meanwhile);
  // Adds the sums of all followers to the local one.
  absl::Status AddFollowersGradients();

  const std::unique_ptr<PolicyModel> local_;
  FollowerPool* const pool_;
  const int64_t elements_;
  std::vector<Follower> followers_;           // By rank.
  std::vector<RemoteWorker> remote_workers_;  // Of all followers, by rank.
  int64_t policy_ = 1;     // Counts changes of the weights …
  int64_t reference_ = 1;  // … and of the reference.
  std::atomic<bool> abandoned_{false};  // A pass of the present Run() has failed: the others are in vain.
};

}  // namespace cohort::learner

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "services/learner/follow/follower_link.h"
#include "services/learner/follow/follower_pool.h"
#include "services/learner/train/policy_model.h"

namespace cohort::learner {

// A policy whose passes are computed by this process and by followers: the workers are the local ones, then those of every follower by rank. State and
// optimizer are the local model's; followers get the weights before their first pass after a change, and their gradients are added to the local one by rank,
// element by element, so that equal sets of workers give equal bits.
//
// Any function that needs a follower throws FollowerLost when one is gone.
class DistributedPolicyModel final : public PolicyModel {
 public:
  // `pool` outlives the model. `elements` is the size of the arena.
  DistributedPolicyModel(std::unique_ptr<PolicyModel> local, FollowerPool* pool, int64_t elements);

  void GatherWorkers() override;
  int64_t workers() const override;
  void Run(const std::function<void(int64_t worker)>& body) override;
  TokenScores Score(int64_t worker, WeightsOf weights, const TokenBatch& batch, bool keep) override;
  void Backward(int64_t worker, const TokenBatch& batch, const std::vector<double>& dlogprobs) override;
  void ClearGradients() override;
  void SumGradients() override;
  double GradientNorm() override { return local_->GradientNorm(); }
  void Step(double learning_rate, double gradient_scale) override;
  void Remember() override { local_->Remember(); }
  void TakeBack() override;
  void Forget() override { local_->Forget(); }
  void RefreshReference() override;
  std::shared_ptr<const model::Arena> Weights() const override { return local_->Weights(); }
  std::shared_ptr<const model::Arena> SamplingWeights() const override { return local_->SamplingWeights(); }
  GpuCopy SamplingWeightsOnGpu() const override { return local_->SamplingWeightsOnGpu(); }
  std::optional<int> gpu() const override { return local_->gpu(); }
  void ReadGradient(int64_t offset, absl::Span<float> values) const override { local_->ReadGradient(offset, values); }
  void AddToGradient(int64_t offset, absl::Span<const float> values) override { local_->AddToGradient(offset, values); }
  void WriteWeights(WeightsOf weights, int64_t offset, model::DType dtype, absl::Span<const char> bytes) override;
  std::shared_ptr<const model::Arena> ReferenceWeights() const override { return local_->ReferenceWeights(); }
  TrainerState State() const override { return local_->State(); }
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

  // The follower's worker that stands behind `worker`; a null link for a local one.
  RemoteWorker Locate(int64_t worker) const;
  // Sends the weights to whoever lacks them.
  void BringUpToDate();
  void SendWeights(WeightsOf weights, const model::Arena& arena, const std::vector<FollowerLink*>& links);
  // Gives all followers the order, calls `meanwhile`, and waits for their answers.
  void OrderAll(const v1::FollowResponse& order, const std::function<void()>& meanwhile);
  // Adds the sums of all followers to the local one.
  void AddFollowersGradients();

  const std::unique_ptr<PolicyModel> local_;
  FollowerPool* const pool_;
  const int64_t elements_;
  std::vector<Follower> followers_;  // By rank.
  int64_t policy_ = 1;     // Counts changes of the weights …
  int64_t reference_ = 1;  // … and of the reference.
  std::atomic<bool> abandoned_{false};  // A pass of the present Run() has failed: the others are in vain.
};

}  // namespace cohort::learner

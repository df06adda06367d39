#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/cohort/learner/v1/follow_service.pb.h"
#include "services/learner/train/policy_model.h"
#include "services/learner/train/token_batch.h"

namespace cohort::learner {

// Carries out a leader's orders on a follower's model. As thread-safe as the model: orders for different workers at the same time, inside Run(); all others
// alone.
class OrderExecutor {
 public:
  // `model` outlives it; `elements` is the size of the arena.
  OrderExecutor(PolicyModel* model, int64_t elements);

  // The answer, an error in words included. DATA_LOSS, instead of an answer, when what came is damaged: leave the leader and begin anew.
  absl::StatusOr<v1::OrderReply> Execute(const v1::FollowResponse& order);

 private:
  absl::Status Carry(const v1::FollowResponse& order, v1::OrderReply& reply);
  absl::Status Score(const v1::ScoreOrder& order, v1::OrderReply& reply);
  absl::Status Backward(const v1::BackwardOrder& order);
  absl::Status WriteWeights(const v1::WeightsOrder& order);
  absl::Status ReadGradient(const v1::ReadGradientOrder& order, v1::OrderReply& reply);
  absl::Status CheckRange(int64_t offset, int64_t size) const;

  PolicyModel* const model_;
  const int64_t elements_;
  std::vector<TokenBatch> kept_;  // Of each worker, the batch of its latest Score that kept.
};

}  // namespace cohort::learner

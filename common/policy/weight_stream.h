#pragma once

#include <atomic>
#include <memory>

#include "common/policy/published_weights.h"
#include "grpcpp/support/server_callback.h"
#include "proto/cohort/learner/v1/policy_service.pb.h"

namespace cohort::policy {

// What the publisher and its transfers share, so that a transfer may outlive the version and the publisher's interest in it.
struct TransferState {
  std::atomic<bool> stopping{false};
  std::atomic<int64_t> bytes_sent{0};
};

// The publisher's end of one FetchPolicy call: sends the weights slice by slice and deletes itself. Holds them, so a version that is replaced
// meanwhile is still sent whole.
//
//   writing --OnWriteDone--> writing the next slice … --after the last, a failed write, or when stopping--> finished
//
// A write is always in progress until Finish(), so a cancellation shows up as a failed write and needs no handling of its own.
class WeightStream final : public grpc::ServerWriteReactor<learner::v1::FetchPolicyResponse> {
 public:
  WeightStream(std::shared_ptr<const PublishedWeights> weights, std::shared_ptr<TransferState> state);

 private:
  void OnWriteDone(bool ok) override;
  void OnDone() override { delete this; }
  void SendNext();

  const std::shared_ptr<const PublishedWeights> weights_;
  const std::shared_ptr<TransferState> state_;
  int64_t offset_ = 0;  // Everything before was sent.
  learner::v1::FetchPolicyResponse slice_;
};

}  // namespace cohort::policy

#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/support/server_callback.h"
#include "proto/cohort/learner/v1/policy_service.pb.h"

namespace cohort::policy {

// The learner's end of one worker's JoinCollective stream. Thread-safe; keeps itself alive until gRPC has let go of it.
//
// Orders are written one after the other; reading goes on beside that until the worker closes its side or the stream ends:
//
//   idle --Order--> writing --OnWriteDone--> writing the next order, or idle
//   idle --End, OnCancel or the end of reading--> finished;  writing --the same--> ending --OnWriteDone--> finished
class CollectiveStream final : public grpc::ServerBidiReactor<learner::v1::JoinCollectiveRequest, learner::v1::JoinCollectiveResponse> {
 public:
  using Report = learner::v1::JoinCollectiveRequest;
  using Order = learner::v1::JoinCollectiveResponse;
  // Called from gRPC's threads: with every message, and once when the stream is over, after the last message.
  struct Callbacks {
    std::function<void(const std::shared_ptr<CollectiveStream>&, const Report&)> on_report;
    std::function<void(const std::shared_ptr<CollectiveStream>&)> on_end;   // No more messages: the worker is gone, or the stream was ended.
  };

  static std::shared_ptr<CollectiveStream> Create(Callbacks callbacks);

  // Sends an order after those before. A worker that lets more than a few pile up is ended.
  void Give(Order order) ABSL_LOCKS_EXCLUDED(mutex_);

  // Ends the stream with `status` after the write in progress; orders that wait are dropped.
  void End(const grpc::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  explicit CollectiveStream(Callbacks callbacks) : callbacks_(std::move(callbacks)) {}

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnCancel() override;
  void OnDone() override;

  // Decides under the lock and acts outside of it, because gRPC may call back.
  void Proceed() ABSL_LOCKS_EXCLUDED(mutex_);

  const Callbacks callbacks_;
  std::shared_ptr<CollectiveStream> self_;  // Until OnDone().
  Report received_;                         // Belongs to gRPC while reading.
  absl::Mutex mutex_;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<Order> waiting_ ABSL_GUARDED_BY(mutex_);
  std::optional<grpc::Status> end_ ABSL_GUARDED_BY(mutex_);
  Order sending_;  // Belongs to gRPC while writing_.
};

}  // namespace cohort::policy

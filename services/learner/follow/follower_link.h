#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/sync_stream.h"
#include "proto/cohort/learner/v1/follow_service.pb.h"
#include "services/learner/train/policy_model.h"

namespace cohort::learner {

// The leader's end of one follower's stream: gives orders and waits for their answers. The thread that handles the call reads; any number of others give
// orders. What never blocks for good: whoever finds the follower silent drops it, which ends every call. Thread-safe; lives as long as anybody holds it, also
// after the stream's end.
class FollowerLink {
 public:
  using Stream = grpc::ServerReaderWriter<v1::FollowResponse, v1::FollowRequest>;

  // `context` and `stream` live until Detach(). No answer takes longer than `exchange`.
  FollowerLink(grpc::ServerContext* context, Stream* stream, absl::Duration exchange);

  // Gives an order and returns its number, by which Await() returns the answer; exactly one Await for each. FollowerLost() when the follower is gone or does
  // not answer in time, INTERNAL with what it says when it cannot carry out the order.
  int64_t Give(v1::FollowResponse order) ABSL_LOCKS_EXCLUDED(mutex_, write_mutex_);
  absl::StatusOr<v1::OrderReply> Await(int64_t order) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<v1::OrderReply> Call(v1::FollowResponse order) { return Await(Give(std::move(order))); }

  // Ends the stream at once; the first reason is kept. Never blocks.
  void Drop(const std::string& why) ABSL_LOCKS_EXCLUDED(mutex_);
  // Asks the follower to go.
  void BidFarewell(bool run_done, const std::string& reason);

  // Forgets the orders given whose answers nobody will await, since what they were for was given up.
  void ForgetOrders() ABSL_LOCKS_EXCLUDED(mutex_);

  // Whether it is gone, and why; "" while it is not.
  bool gone() const { return gone_; }
  std::string lost() const ABSL_LOCKS_EXCLUDED(mutex_);
  // When it said something last, at first when the stream began.
  absl::Time heard() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Who it is, for people; set once, before other threads see the link.
  const std::string& name() const { return name_; }
  void set_name(const std::string& name) { name_ = name; }
  // Passes that it computes at the same time; likewise.
  int64_t workers() const { return workers_; }
  void set_workers(int64_t workers) { workers_ = workers; }

  // For the thread that handles the call. Sends a message that is no order; false when the stream is over.
  bool Send(const v1::FollowResponse& message) ABSL_LOCKS_EXCLUDED(write_mutex_);
  // The next message that says something; nullopt when the stream is over.
  std::optional<v1::FollowRequest> Read() ABSL_LOCKS_EXCLUDED(mutex_);
  // Hands out answers until the stream is over.
  void ServeReplies() ABSL_LOCKS_EXCLUDED(mutex_);
  // The stream is over: nothing touches it from here on.
  void Detach() ABSL_LOCKS_EXCLUDED(mutex_, write_mutex_);

 private:
  // The first reason is kept.
  void Lose(const std::string& why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const absl::Duration exchange_;
  Stream* const reading_;  // For the handling thread alone.
  std::string name_;
  int64_t workers_ = 0;
  std::atomic<bool> gone_{false};  // Set with lost_.

  absl::Mutex write_mutex_;  // Taken alone, or before mutex_.
  Stream* stream_ ABSL_GUARDED_BY(write_mutex_);

  mutable absl::Mutex mutex_;
  grpc::ServerContext* context_ ABSL_GUARDED_BY(mutex_);
  bool farewell_ ABSL_GUARDED_BY(mutex_) = false;
  std::string lost_ ABSL_GUARDED_BY(mutex_);
  absl::Time heard_ ABSL_GUARDED_BY(mutex_);
  int64_t orders_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<int64_t, std::optional<v1::OrderReply>> replies_ ABSL_GUARDED_BY(mutex_);  // Of every order that is awaited.
};

}  // namespace cohort::learner

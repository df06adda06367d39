#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "common/policy/collective.h"
#include "common/policy/policy_transport.h"
#include "common/policy/weight_sink.h"
#include "grpcpp/channel.h"

namespace cohort::policy {

// A worker's part in the collective: keeps a JoinCollective stream to the learner, forms the communicators that it is told to, and receives versions into a
// sink, verified, while whoever uses the weights goes on. Joins again with back-off for as long as it lives. Thread-safe.
class CollectiveMember {
 public:
  struct Options {
    std::string worker_id;                                       // As in the subscription.
    std::shared_ptr<CollectiveLibrary> library;
    WeightSink* sink = nullptr;                                  // Outlives the member.
    // A version is whole in the sink, and took so long to come and to be verified. Called from the member's thread, as is on_error: once for each reason that
    // keeps it from taking part.
    std::function<void(const PolicyAnnouncement& announcement, int64_t ticket, absl::Duration took)> on_arrival;
    std::function<void(const std::string& message)> on_error;    // By default logs.
  };
  CollectiveMember(std::shared_ptr<grpc::Channel> learner, Options options);
  // Stops and joins the threads; what is being received is given up.
  ~CollectiveMember();

  // Leaves the collective. Does not wait.
  void Stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cohort::policy

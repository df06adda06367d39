#pragma once

#include <cstdint>
#include <memory>

#include "common/model/arena.h"
#include "common/policy/collective_root.h"
#include "common/policy/published_weights.h"
#include "proto/cohort/learner/v1/policy_service.grpc.pb.h"

namespace cohort::policy {

// The learner's side of weight distribution: keeps the latest version, and the one before for whoever is about to fetch it, and serves them to every
// subscriber.
//
// Thread-safe. Publish() never waits for a worker; a slow one skips versions. Workers that subscribe late get the current version.
class PolicyPublisher {
 public:
  // `max_staleness` goes into the announcements. `root` broadcasts every version; nullptr: all of them are fetched. It must outlive the publisher.
  explicit PolicyPublisher(int64_t incarnation, int64_t max_staleness = 0, CollectiveRoot* root = nullptr);
  ~PolicyPublisher();

  // Announces `version`, and has it broadcast. Versions only grow (checked).
  void Publish(int64_t version, std::shared_ptr<const PublishedWeights> weights);
  // The same from an arena that must not change any more. Computes the checksum on the calling thread.
  void Publish(int64_t version, std::shared_ptr<const model::Arena> weights);

  // Ends all streams with UNAVAILABLE, the root's too; later subscriptions are refused. Does not wait.
  void Shutdown();

  // Announcement streams that stand now.
  int subscribers() const;
  // Bytes of weights handed to gRPC so far.
  int64_t bytes_sent() const;

  // The gRPC service to register with a server; owned by the publisher, which must outlive the server.
  grpc::Service* service();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cohort::policy

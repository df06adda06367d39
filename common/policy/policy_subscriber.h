#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/policy/policy_snapshot.h"
#include "common/policy/policy_transport.h"
#include "grpcpp/channel.h"

namespace cohort::policy {

// A worker's side of weight distribution: follows the learner's announcements on a thread of its own, fetches on another each new version into a
// fresh arena, verifies size and checksum, and only then shows it. Versions that are announced while one is being fetched are skipped, except the
// newest. A version that is announced again (by a restarted learner) is shown under the new incarnation without fetching it. One that is to come by a
// broadcast is not fetched; whoever receives it calls Arrived(). Reconnects with back-off for as long as it lives. Thread-safe.
class PolicySubscriber {
 public:
  struct Options {
    std::string worker_id;
    int64_t arena_elements = 0;                                   // Expected size; another size is refused.
    std::function<void(const std::string& message)> on_error;     // Called from the subscriber's threads; by default logs.
    std::function<void(int64_t bytes, absl::Duration took)> on_fetched;  // A version has arrived and is whole. Called from a thread of the subscriber.
    absl::Duration fetch_timeout = absl::Minutes(5);              // For one version; it is then fetched again.
    absl::Duration broadcast_patience = absl::Minutes(1);         // A broadcast that the learner has not called off is fetched after so long all the same.
    std::unique_ptr<PolicyTransport> transport;                   // How the bytes come; by default over gRPC from `learner`.
  };
  PolicySubscriber(std::shared_ptr<grpc::Channel> learner, Options options);
  // Stops and joins the threads.
  ~PolicySubscriber();

  // The newest whole version; nullptr until the first has arrived.
  std::shared_ptr<const PolicySnapshot> Latest() const;

  // The newest whole version once it satisfies `accept` (called without locks, once for each version shown); DEADLINE_EXCEEDED otherwise. CANCELLED
  // after Stop().
  absl::StatusOr<std::shared_ptr<const PolicySnapshot>> WaitFor(const std::function<bool(const PolicySnapshot&)>& accept, absl::Time deadline) const;

  // A version has come by a broadcast, and was verified: it is shown, unless a newer one is.
  void Arrived(const PolicyAnnouncement& announcement, int64_t ticket);

  // Whether the announcement stream stands now.
  bool connected() const;

  // The newest announcement, whether or not its bytes are here; nullopt before the first.
  std::optional<PolicyAnnouncement> Announced() const;

  // Ends the stream and the transfer in progress; Latest() stays. Does not wait.
  void Stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cohort::policy

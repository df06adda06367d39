#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/metrics/metrics.h"
#include "common/sync/stop.h"
#include "common/sync/thread.h"
#include "proto/cohort/learner/v1/follow_service.grpc.pb.h"
#include "services/learner/follow/follower_link.h"

namespace cohort::learner {

// The followers of one incarnation of a leader: FollowService, which gives each a rank, and who is there. A follower of which nothing is heard for a while is
// dropped, whatever anybody waits for. Thread-safe; a server that offers it is shut down first.
//
// A stream takes a thread of gRPC's as long as it stands: followers are few and stay.
class FollowerPool final : public v1::FollowService::Service {
 public:
  struct Options {
    v1::FollowTask task;         // All but the rank. As many followers are wanted as `processes`, less one.
    uint32_t layout_crc32c = 0;  // LayoutChecksum() of the leader's layout.
    absl::Duration silence = absl::Seconds(15);  // After so long a follower counts as dead.
    absl::Duration exchange = absl::Hours(1);    // No order takes longer: a bound for what goes wrong though the follower shows signs of life.
  };

  // Exports cohort_learner_followers_wanted, …_connected and …_lost_total where there is a registry, which outlives the pool.
  FollowerPool(Options options, metrics::Registry* registry);
  ~FollowerPool() override;

  grpc::Status Follow(grpc::ServerContext* context, FollowerLink::Stream* stream) override;

  // All followers by rank; nullopt while any is missing.
  std::optional<std::vector<std::shared_ptr<FollowerLink>>> Complete() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether all are there, waiting for them until `deadline`. Logs once who is missing, and once that all are there again.
  bool WaitUntilComplete(absl::Time deadline) ABSL_LOCKS_EXCLUDED(mutex_);
  // "1 of 2 followers is there; rank 2 is missing (trainer-2: its connection has ended)".
  std::string Missing() const ABSL_LOCKS_EXCLUDED(mutex_);

  // No follower is wanted any more: sends them away, also those that still come, and waits until they have gone, at most until `deadline`. With `run_done` they
  // end, else they follow the next leader.
  void Dismiss(bool run_done, const std::string& reason, absl::Time deadline) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // A place among the processes.
  struct Place {
    std::shared_ptr<FollowerLink> link;  // Null while nobody has it.
    bool ready = false;
    std::string last;  // Who had it, and what became of that, for people.
  };
  struct Leaving {
    bool run_done = false;
    std::string reason;
  };

  absl::Status Serve(const std::shared_ptr<FollowerLink>& link) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<size_t> TakePlace(const std::shared_ptr<FollowerLink>& link, const v1::FollowerHello& hello) ABSL_LOCKS_EXCLUDED(mutex_);
  std::optional<Leaving> leaving() const ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status CheckReady(const FollowerLink& link, const v1::FollowerReady& ready) const;
  void Leave(const std::shared_ptr<FollowerLink>& link) ABSL_LOCKS_EXCLUDED(mutex_);
  // Whoever has the place has gone while it was needed.
  void CountLost(const Place& place) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsComplete() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string MissingText() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CountReady() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Drops who is silent, until the pool ends.
  void Watch() ABSL_LOCKS_EXCLUDED(mutex_);

  const Options options_;
  metrics::Gauge* connected_ = nullptr;
  metrics::Counter* lost_ = nullptr;
  mutable absl::Mutex mutex_;
  std::set<std::shared_ptr<FollowerLink>> links_ ABSL_GUARDED_BY(mutex_);  // Of all streams.
  std::vector<Place> places_ ABSL_GUARDED_BY(mutex_);                     // By rank, from 1.
  std::optional<Leaving> leaving_ ABSL_GUARDED_BY(mutex_);
  bool complained_ ABSL_GUARDED_BY(mutex_) = false;
  sync::StopSource stop_;
  sync::Thread watch_;
};

}  // namespace cohort::learner

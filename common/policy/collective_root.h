#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/policy/collective.h"
#include "common/policy/collective_stream.h"
#include "common/policy/membership.h"
#include "common/policy/policy_transport.h"
#include "common/policy/published_weights.h"
#include "common/sync/stop.h"
#include "common/sync/thread.h"

namespace cohort::policy {

// The learner's part in the collective: forms one communicator for each epoch of its membership, and sends every version over it. Whoever does not answer
// within the timeout, or whose stream breaks, is left out of the next epoch, which then gets the version that was being sent; whoever joins is in the next.
// A version that cannot be sent in a few epochs is left to gRPC.
//
// Everything slow happens on a thread of its own: Offer() does not wait. Thread-safe.
class CollectiveRoot {
 public:
  struct Options {
    std::shared_ptr<CollectiveLibrary> library;
    int64_t size_bytes = 0;                          // Of every version; a worker with another size is refused.
    absl::Duration timeout = absl::Seconds(10);      // For forming a communicator, and for a broadcast.
    Membership::Options membership;
  };
  struct Counts {
    int64_t epoch = 0;               // The newest, whether or not it stands.
    int members = 0;                 // Workers in the epoch that stands; 0 when none does.
    int64_t broadcasts = 0;          // That went well.
    int64_t failures = 0;            // Communicators that could not be formed, or broke.
    double last_form_seconds = 0;
    double last_broadcast_seconds = 0;  // Until all bytes had left.
    double last_verified_seconds = 0;   // Until every member had reported the right checksum.
  };

  explicit CollectiveRoot(Options options);
  // Stops and joins the thread. The gRPC server must have been shut down.
  ~CollectiveRoot();

  // Called whenever Expects() has changed other than by Offer(); nullptr: no more. Waits for a call in progress.
  void SetOnChange(std::function<void()> on_change) ABSL_LOCKS_EXCLUDED(on_change_mutex_);

  // Sends this version next, in place of one that waits. Those who take part now are said to expect it.
  void Offer(const PolicyAnnouncement& announcement, std::shared_ptr<const PublishedWeights> weights) ABSL_LOCKS_EXCLUDED(mutex_);

  // Whether the newest offered version will still come to this worker by a broadcast.
  bool Expects(const std::string& worker_id) const ABSL_LOCKS_EXCLUDED(mutex_);

  // A worker's stream.
  std::shared_ptr<CollectiveStream> Join();

  // Ends all streams with UNAVAILABLE and what is in progress; later streams are refused. Does not wait.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

  Counts counts() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using Stream = std::shared_ptr<CollectiveStream>;
  struct Version {
    PolicyAnnouncement announcement;
    std::shared_ptr<const PublishedWeights> weights;
    int failures = 0;
  };

  void OnReport(const Stream& stream, const CollectiveStream::Report& report) ABSL_LOCKS_EXCLUDED(mutex_);
  void OnHello(const Stream& stream, const learner::v1::CollectiveHello& hello) ABSL_LOCKS_EXCLUDED(mutex_);
  void OnOutcome(const Stream& stream, const learner::v1::CollectiveOutcome& outcome) ABSL_LOCKS_EXCLUDED(mutex_);
  void OnEnd(const Stream& stream) ABSL_LOCKS_EXCLUDED(mutex_);

  // Thread "policy-root".
  void Run();
  enum class Task { kStop, kForm, kBroadcast };
  Task NextTask() ABSL_LOCKS_EXCLUDED(mutex_);
  void FormEpoch();
  void SendVersion();
  // Waits until every member of the epoch has reported well; another outcome says who or what prevents it.
  absl::Status AwaitReports(absl::Time deadline) ABSL_LOCKS_EXCLUDED(mutex_);
  // Gives the communicator up, on all ranks, and leaves out whoever is silent about it.
  void GiveUp(const absl::Status& why) ABSL_LOCKS_EXCLUDED(mutex_);
  void CountFailure(const absl::Status& why) ABSL_LOCKS_EXCLUDED(mutex_);

  void Order(const Membership::Epoch& epoch, const std::function<void(int rank, CollectiveStream::Order& order)>& fill) ABSL_LOCKS_EXCLUDED(mutex_);
  // A stop for the operation that begins now, which a member's death or report of failure requests.
  sync::StopToken BeginOperation() ABSL_LOCKS_EXCLUDED(mutex_);
  void NotifyChange() ABSL_LOCKS_EXCLUDED(mutex_, on_change_mutex_);

  const Options options_;
  const std::string library_version_;
  absl::Mutex on_change_mutex_;  // Held while it is called; before mutex_.
  std::function<void()> on_change_ ABSL_GUARDED_BY(on_change_mutex_);
  std::unique_ptr<Collective> collective_;  // The thread's own.

  mutable absl::Mutex mutex_;
  absl::CondVar changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  Membership membership_ ABSL_GUARDED_BY(mutex_);
  std::map<int64_t, Stream> streams_ ABSL_GUARDED_BY(mutex_);            // By member.
  std::set<Stream> strangers_ ABSL_GUARDED_BY(mutex_);                   // That have not said hello.
  std::optional<Version> pending_ ABSL_GUARDED_BY(mutex_);               // To be sent.
  std::set<std::string> expecting_ ABSL_GUARDED_BY(mutex_);              // Worker ids.
  sync::StopSource operation_ ABSL_GUARDED_BY(mutex_);
  Counts counts_ ABSL_GUARDED_BY(mutex_);
  sync::Thread thread_;  // Last: it uses everything above.
};

}  // namespace cohort::policy

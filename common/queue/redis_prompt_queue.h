#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/queue/prompt_queue.h"
#include "common/redis/connection.h"
#include "common/redis/pool.h"

namespace cohort::queue {

// Where the queue of a run lies in Redis. The braces make a Redis Cluster keep all keys of a run on one node.
struct RedisQueueKeys {
  explicit RedisQueueKeys(const std::string& run_id);
  std::string stream;            // Tasks that are not acknowledged.
  std::string dead;              // Dead letters, in the order of their death. Never trimmed: there are at most as many as prompts.
  std::string incarnation;       // The number of the learner that issues.
  std::string group = "rollouts";
};

// The prompt queue on a Redis 7 server: a stream and a consumer group, whose pending list is the leases. Times are the server's, so workers' clocks
// do not matter. See PromptQueue for what it promises; what survives the end of the server is what its persistence promises (AOF with
// `appendfsync always`: everything that was answered).
class RedisPromptQueue final : public PromptQueue {
 public:
  // Connects to "host:port" and makes sure that the queue's group exists. FAILED_PRECONDITION when the server is older than 7.0 or may evict keys
  // (maxmemory-policy other than noeviction). UNAVAILABLE or DEADLINE_EXCEEDED names the address.
  static absl::StatusOr<std::unique_ptr<PromptQueue>> Open(const std::string& address, QueueOptions options, absl::Time deadline);

  absl::StatusOr<int64_t> BeginIncarnation(absl::Time deadline) override;
  absl::Status Issue(const std::vector<prompt::v1::PromptTask>& tasks, absl::Time deadline) override;
  absl::StatusOr<std::vector<Lease>> Take(int max_tasks, absl::Time deadline) override;
  absl::Status Renew(const Lease& lease, absl::Time deadline) override;
  absl::Status Acknowledge(const Lease& lease, absl::Time deadline) override;
  absl::Status Release(const Lease& lease, absl::Time deadline) override;
  absl::Status ReleaseUnheard(absl::Time deadline) override;
  absl::Status Bury(const Lease& lease, absl::string_view reason, absl::Time deadline) override;
  absl::StatusOr<QueueStats> Stats(absl::Time deadline) override;
  absl::StatusOr<std::vector<prompt::v1::DeadLetter>> DeadLetters(int limit, absl::Time deadline) override;
  absl::StatusOr<std::vector<std::string>> PendingGroups(absl::Time deadline) override;

 private:
  RedisPromptQueue(const std::string& address, QueueOptions options);

  absl::Status CheckServer(absl::Time deadline);
  absl::Status EnsureGroup(absl::Time deadline);
  // Waits until no other Take() runs; false when `deadline` came before.
  bool BeginTake(absl::Time deadline) ABSL_LOCKS_EXCLUDED(mutex_);
  void EndTake() ABSL_LOCKS_EXCLUDED(mutex_);
  // ReleaseUnheard() in its turn.
  absl::Status ReleaseUnheardInTurn(absl::Time deadline);
  // Take() in its turn.
  absl::StatusOr<std::vector<Lease>> TakeInTurn(int max_tasks, absl::Time deadline);
  // One round of it: recovers, looks for dead holders and new tasks, waits a while for new ones.
  absl::StatusOr<std::vector<Lease>> TakeRound(int max_tasks, absl::Time deadline);
  // Leases that the server says are ours and that we know nothing of.
  absl::StatusOr<std::vector<Lease>> Recover(int max_tasks, absl::Time deadline);
  // Leases what can be had now.
  absl::StatusOr<std::vector<Lease>> TakeNow(int max_tasks, absl::Time deadline);
  // Waits for a new task at most until `deadline`; returns early, without one, when it is time to look for dead holders again.
  absl::StatusOr<std::vector<Lease>> WaitForNew(int max_tasks, absl::Time deadline);
  // Runs a script that returns leases; makes the group when it is gone.
  absl::StatusOr<std::vector<Lease>> RunForLeases(const redis::Script& script, const std::vector<std::string>& arguments, absl::Time deadline);
  void Forget(const Lease& lease) ABSL_LOCKS_EXCLUDED(mutex_);
  // Runs a script about one lease that answers whether it still stood.
  absl::StatusOr<bool> RunOnLease(const redis::Script& script, std::vector<std::string> keys, const Lease& lease, std::vector<std::string> more,
                                  absl::Time deadline);

  const QueueOptions options_;
  const RedisQueueKeys keys_;
  redis::Pool commands_;      // Short commands.
  redis::Connection waiter_;  // Belongs to the Take() that runs and holds it while it waits.
  absl::Mutex mutex_;
  absl::CondVar turn_;
  int64_t incarnation_ ABSL_GUARDED_BY(mutex_) = 0;  // Drawn by this object; 0 before.
  bool taking_ ABSL_GUARDED_BY(mutex_) = false;      // A Take() runs.
  std::set<std::string> held_ ABSL_GUARDED_BY(mutex_);  // Entries that Take() has returned and that were not settled or lost since.

  // What the server may have leased to this consumer without this object's knowledge. Belongs to the Take() or
  // ReleaseUnheard() that runs.
  enum class Unknown { kNothing, kOfFormerProcess, kLostAnswer };
  Unknown unknown_ = Unknown::kOfFormerProcess;
};

}  // namespace cohort::queue

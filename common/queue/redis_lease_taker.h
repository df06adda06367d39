#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/queue/prompt_queue.h"
#include "common/queue/redis_queue_group.h"
#include "common/redis/connection.h"
#include "common/redis/pool.h"

namespace cohort::queue {

// Takes tasks for one consumer of a queue on Redis, over a connection of its own, on which it may wait. It knows which leases it has returned: those that
// the server has given this consumer beyond them, to a former process of its name or in an answer that was lost, are found and returned as well.
// Thread-safe; one call takes at a time, the others wait for their turn.
class RedisLeaseTaker {
 public:
  // `commands` makes the group where it is gone. All of them outlive it.
  RedisLeaseTaker(const redis::Connection::Options& connection, const QueueOptions& options, const RedisQueueKeys& keys, redis::Pool& commands)
      : options_(options), keys_(keys), commands_(commands), waiter_(connection) {}

  // PromptQueue::Take().
  absl::StatusOr<std::vector<Lease>> Take(int max_tasks, absl::Time deadline) ABSL_LOCKS_EXCLUDED(mutex_);

  // PromptQueue::ReleaseUnheard(), of those whose answer was lost, by `release`.
  using ReleaseLease = std::function<absl::Status(const Lease& lease)>;
  absl::Status ReleaseUnheard(const ReleaseLease& release, absl::Time deadline) ABSL_LOCKS_EXCLUDED(mutex_);

  // A lease that Take() has returned was settled or lost.
  void Forget(const Lease& lease) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // Waits until no other call takes; false when `deadline` came before.
  bool BeginTake(absl::Time deadline) ABSL_LOCKS_EXCLUDED(mutex_);
  void EndTake() ABSL_LOCKS_EXCLUDED(mutex_);
  // ReleaseUnheard() in its turn.
  absl::Status ReleaseUnheardInTurn(const ReleaseLease& release, absl::Time deadline);
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

  const QueueOptions& options_;
  const RedisQueueKeys& keys_;
  redis::Pool& commands_;
  redis::Connection waiter_;  // Belongs to the call that takes, and holds it while it waits.
  absl::Mutex mutex_;
  absl::CondVar turn_;
  bool taking_ ABSL_GUARDED_BY(mutex_) = false;         // A call takes.
  std::set<std::string> held_ ABSL_GUARDED_BY(mutex_);  // Entries that Take() has returned and that were not forgotten since.

  // What the server may have leased to this consumer without this object's knowledge. Belongs to the call that takes.
  enum class Unknown { kNothing, kOfFormerProcess, kLostAnswer };
  Unknown unknown_ = Unknown::kOfFormerProcess;
};

}  // namespace cohort::queue

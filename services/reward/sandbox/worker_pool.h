#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/sandbox/zygote.h"
#include "common/sync/lru_cache.h"
#include "common/sync/stop.h"
#include "common/sync/thread.h"
#include "services/reward/sandbox/check_queue.h"
#include "services/reward/sandbox/job.h"
#include "services/reward/sandbox/keyed_hash.h"
#include "services/reward/sandbox/limits.h"
#include "services/reward/sandbox/pool_metrics.h"
#include "services/reward/sandbox/worker_process.h"

namespace cohort::reward {

// Runs checks on sandboxed worker processes, one thread of the service beside each. A check is always answered: by a worker, from a cache, TIMEOUT when it
// had to be killed at its deadline, INTERNAL when two workers died of it.
//
// Checks that ended a worker are remembered and answered the same way without running again (TIMEOUT as long as the cache holds them, INTERNAL for a while, since
// its reason may have been outside the check). Other outcomes are remembered too: a group often contains equal completions.
//
// Thread-safe.
class WorkerPool {
 public:
  struct Options {
    int workers = 1;
    absl::Duration check_deadline = absl::Milliseconds(100);  // For each check, from its start in the worker.
    size_t queue_capacity = 65'536;                           // Checks.
    size_t cache_entries = 65'536;                            // Outcomes remembered; 0 switches the result cache off.
    size_t poison_entries = 65'536;
    absl::Duration internal_poison_for = absl::Minutes(5);
    int64_t recycle_checks = kRecycleChecks;
  };

  // Starts the workers. `zygote`, `metrics` must outlive the pool.
  static absl::StatusOr<std::unique_ptr<WorkerPool>> Start(sandbox::Zygote& zygote, PoolMetrics& metrics, Options options);
  // Ends the workers; checks that still wait are answered INTERNAL.
  ~WorkerPool();

  // Takes the job or refuses it: RESOURCE_EXHAUSTED with a retry delay when the queue is full. The job may be done before this returns; a refused job
  // is never done.
  absl::Status Submit(std::shared_ptr<Job> job);
  // Takes the job in any case; when the queue is full it waits outside. The caller bounds how many jobs it has here at a time.
  void SubmitWhenRoom(std::shared_ptr<Job> job);

  // Set when workers cannot be started any more, so that the process should end. Every check is answered INTERNAL then.
  std::optional<absl::Status> failure();

 private:
  class Seat;
  struct Poison {
    v1::Verdict verdict = v1::VERDICT_TIMEOUT;
    absl::Time until = absl::InfiniteFuture();
  };

  WorkerPool(sandbox::Zygote& zygote, PoolMetrics& metrics, Options options);

  // Answers what the caches know; the rest is for the queue.
  std::vector<QueuedCheck> AnswerFromCaches(const std::shared_ptr<Job>& job);
  std::optional<CheckOutcome> Remembered(const CheckKey& key);
  void Finish(const QueuedCheck& check, CheckOutcome outcome);
  void Condemn(const QueuedCheck& check, v1::Verdict verdict);
  // Answers INTERNAL to checks that nobody will run any more.
  static void Abandon(const std::vector<QueuedCheck>& checks);
  // No worker can be started any more: takes no checks from here on and answers those that wait.
  void SetFailure(absl::Status status);

  sandbox::Zygote& zygote_;
  PoolMetrics& metrics_;
  const Options options_;
  const hash::HashSecret secret_ = hash::HashSecret::Random();
  CheckQueue queue_;
  sync::LruCache<CheckKey, CheckOutcome> results_;
  sync::LruCache<CheckKey, Poison> poison_;
  sync::StopSource stop_;
  absl::Mutex failure_mutex_;
  std::optional<absl::Status> failure_ ABSL_GUARDED_BY(failure_mutex_);
  std::vector<std::unique_ptr<Seat>> seats_;
};

}  // namespace cohort::reward

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/reward/sandbox/job.h"
#include "services/reward/sandbox/keyed_hash.h"

namespace cohort::reward {

// One check of a job on its way to a worker.
struct QueuedCheck {
  std::shared_ptr<Job> job;
  size_t index = 0;
  CheckKey key;
  absl::Time queued_at;
  int deaths = 0;  // Of workers during it, by themselves.
  int kills = 0;   // Of workers during it, from outside.

  const CheckInput& input() const { return job->check(index); }
};

// The checks that wait for a worker, first come, first served, in batches. Bounded: it holds `capacity` checks and what one batch adds to an emptier queue.
// Thread-safe.
class CheckQueue {
 public:
  explicit CheckQueue(size_t capacity) : capacity_(capacity) {}

  // Takes all checks or none. RESOURCE_EXHAUSTED with a retry delay when they do not fit; a batch larger than the capacity fits an empty queue.
  absl::Status Add(std::vector<QueuedCheck> checks);
  // Like Add, but instead of failing the batch waits its turn outside the queue; the caller bounds how many it has here. Gives the checks back when the
  // queue is closed.
  [[nodiscard]] std::vector<QueuedCheck> AddWhenRoom(std::vector<QueuedCheck> checks);
  // Puts checks that were taken back in front, in order. Gives them back when the queue is closed.
  [[nodiscard]] std::vector<QueuedCheck> PutBack(std::vector<QueuedCheck> checks);

  // The next batch for one of `workers` workers: at most kMaxBatchChecks and kMaxBatchBytes, at least one check. Blocks until there is one; empty after Close.
  std::vector<QueuedCheck> Take(int workers);

  // Wakes everyone who waits in Take and returns what was left; nothing comes in any more.
  std::vector<QueuedCheck> Close();

  size_t depth();

 private:
  bool Fits(size_t count) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return ready_.empty() || ready_.size() + count <= capacity_; }
  void AdmitWaiting() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool CanTake() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return closed_ || !ready_.empty(); }

  const size_t capacity_;
  absl::Mutex mutex_;
  std::deque<QueuedCheck> ready_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::vector<QueuedCheck>> waiting_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace cohort::reward

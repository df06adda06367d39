#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/queue/prompt_queue.h"
#include "common/sync/clock.h"

namespace cohort::queue {

// What the in-memory queues of one run share: the place of the Redis server. Thread-safe. `clock` ages the leases; deadlines are wall time.
class InMemoryQueueState {
 public:
  explicit InMemoryQueueState(sync::Clock clock = sync::MonotonicClock()) : clock_(std::move(clock)) {}

 private:
  friend class InMemoryPromptQueue;

  // One task that is not acknowledged.
  struct Entry {
    prompt::v1::PromptTask task;
    absl::Time issued;
    std::string holder;       // Empty: nobody, never or not any more.
    absl::Time renewed;       // The holder's last sign of life.
    int64_t deliveries = 0;   // Those that count.
    bool released = false;    // Was held and given back: goes before new ones.
  };

  const sync::Clock clock_;
  absl::Mutex mutex_;
  absl::CondVar changed_;  // There may be something to take.
  int64_t incarnation_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t next_id_ ABSL_GUARDED_BY(mutex_) = 1;
  std::map<int64_t, Entry> entries_ ABSL_GUARDED_BY(mutex_);  // By position.
  std::vector<prompt::v1::DeadLetter> dead_ ABSL_GUARDED_BY(mutex_);
};

// The prompt queue within one process, for tests and runs without Redis: the same promises, except that nothing survives the process.
class InMemoryPromptQueue final : public PromptQueue {
 public:
  InMemoryPromptQueue(std::shared_ptr<InMemoryQueueState> state, QueueOptions options) : state_(std::move(state)), options_(std::move(options)) {}

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
  using Entries = std::map<int64_t, InMemoryQueueState::Entry>;

  // The entry of a lease that this consumer still holds, or end().
  Entries::iterator Held(const Lease& lease) ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_->mutex_);
  std::vector<Lease> TakeNow(int max_tasks) ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_->mutex_);
  Lease Deliver(int64_t id, InMemoryQueueState::Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_->mutex_);
  Entries::iterator MoveToDead(Entries::iterator entry, const std::string& reason) ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_->mutex_);
  int64_t Waiting() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_->mutex_);

  const std::shared_ptr<InMemoryQueueState> state_;
  const QueueOptions options_;
  int64_t incarnation_ ABSL_GUARDED_BY(state_->mutex_) = 0;  // Drawn by this object; 0 before.
  bool first_take_ ABSL_GUARDED_BY(state_->mutex_) = true;   // What this consumer's name holds is of an object before this one.
};

}  // namespace cohort::queue

#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace cohort::sync {

// A first-in-first-out queue between threads that never holds more than `capacity` items: a slow consumer makes producers wait. Close() ends it:
// items inside are still delivered, then consumers get CANCELLED. Thread-safe, any number of producers and consumers.
template <typename T>
class BoundedQueue {
 public:
  // `capacity` is at least 1.
  explicit BoundedQueue(int64_t capacity) : capacity_(capacity) {}

  // Blocks while the queue is full. DEADLINE_EXCEEDED when it stays full; CANCELLED after Close(). The item is lost on an error.
  absl::Status Push(T item, absl::Time deadline) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    while (!closed_ && static_cast<int64_t>(items_.size()) >= capacity_) {
      if (changed_.WaitWithDeadline(&mutex_, deadline) && !closed_ && static_cast<int64_t>(items_.size()) >= capacity_) {
        return absl::DeadlineExceededError("the queue stayed full until the deadline");
      }
    }
    if (closed_) return absl::CancelledError("the queue is closed");
    items_.push_back(std::move(item));
    changed_.SignalAll();
    return absl::OkStatus();
  }

  // Never blocks. False, with `item` untouched, when the queue is full or closed.
  bool TryPush(T&& item) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    if (closed_ || static_cast<int64_t>(items_.size()) >= capacity_) return false;
    items_.push_back(std::move(item));
    changed_.SignalAll();
    return true;
  }

  // Blocks while the queue is empty. DEADLINE_EXCEEDED when it stays empty; CANCELLED when it is closed and empty.
  absl::StatusOr<T> Pop(absl::Time deadline) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    while (!closed_ && items_.empty()) {
      if (changed_.WaitWithDeadline(&mutex_, deadline) && !closed_ && items_.empty()) {
        return absl::DeadlineExceededError("the queue stayed empty until the deadline");
      }
    }
    if (items_.empty()) return absl::CancelledError("the queue is closed");
    return TakeFront();
  }

  // Never blocks; nullopt when there is nothing.
  std::optional<T> TryPop() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    if (items_.empty()) return std::nullopt;
    return TakeFront();
  }

  // No more items come in; wakes everybody who waits.
  void Close() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
    changed_.SignalAll();
  }

  bool closed() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return closed_;
  }
  int64_t size() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return static_cast<int64_t>(items_.size());
  }
  int64_t capacity() const { return capacity_; }

 private:
  T TakeFront() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    T item = std::move(items_.front());
    items_.pop_front();
    changed_.SignalAll();
    return item;
  }

  const int64_t capacity_;
  mutable absl::Mutex mutex_;
  absl::CondVar changed_;  // Something came in, went out, or the queue was closed.
  std::deque<T> items_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace cohort::sync

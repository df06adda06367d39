#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "proto/cohort/learner/v1/follow_service.pb.h"

namespace cohort::learner {

// A follower's orders between the thread that reads them and those that carry them out. The leader bounds how many there are: one for each worker, or a few that
// are for none. Thread-safe.
class OrderBox {
 public:
  explicit OrderBox(int64_t workers) : of_workers_(workers) {}

  // False when the order is for a worker that there is not.
  bool Put(v1::FollowResponse order) ABSL_LOCKS_EXCLUDED(mutex_);
  // No more orders come; wakes everybody.
  void Close() ABSL_LOCKS_EXCLUDED(mutex_);

  // The next order of a worker; waits for it. nullopt when there is one that is for no worker, which this one has to make room for, and at the end.
  std::optional<v1::FollowResponse> NextOf(int64_t worker) ABSL_LOCKS_EXCLUDED(mutex_);
  // The next order that is for no worker; nullopt when there is none now.
  std::optional<v1::FollowResponse> NextOfNone() ABSL_LOCKS_EXCLUDED(mutex_);
  bool closed() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using Queue = std::deque<v1::FollowResponse>;
  static std::optional<v1::FollowResponse> Take(Queue& queue);

  mutable absl::Mutex mutex_;
  std::vector<Queue> of_workers_ ABSL_GUARDED_BY(mutex_);
  Queue of_none_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace cohort::learner

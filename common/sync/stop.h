#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace cohort::sync {

namespace internal {

// What a StopSource, its tokens and its callbacks share.
struct StopState {
  absl::Mutex mutex;
  absl::CondVar changed;
  bool stopped ABSL_GUARDED_BY(mutex) = false;
  int64_t next_id ABSL_GUARDED_BY(mutex) = 0;
  int64_t running ABSL_GUARDED_BY(mutex) = -1;  // Id of the callback that runs now, or -1.
  std::map<int64_t, std::function<void()>> callbacks ABSL_GUARDED_BY(mutex);
};

}  // namespace internal

// The listening end of a StopSource. Cheap to copy, thread-safe. A default-constructed token is never stopped.
class StopToken {
 public:
  StopToken() = default;

  bool stop_requested() const;

  // Blocks until a stop is requested (true) or until `deadline` (false).
  bool WaitUntil(absl::Time deadline) const;
  bool WaitFor(absl::Duration duration) const;

 private:
  friend class StopSource;
  friend class StopCallback;
  explicit StopToken(std::shared_ptr<internal::StopState> state) : state_(std::move(state)) {}
  std::shared_ptr<internal::StopState> state_;
};

// Asks any number of threads to stop, once and for good. Like std::stop_source, with tokens that can be waited on. Copies share one state.
// Thread-safe. Destroying a source does not request a stop.
class StopSource {
 public:
  StopSource() : state_(std::make_shared<internal::StopState>()) {}

  // Wakes every waiter and runs the callbacks on this thread; nothing when it was requested before.
  void RequestStop();
  bool stop_requested() const { return token().stop_requested(); }
  StopToken token() const { return StopToken(state_); }

 private:
  std::shared_ptr<internal::StopState> state_;
};

// Runs `callback` once when a stop is requested, at once when it was before: to cancel an RPC or close a queue. The destructor takes the callback
// back and, when it is running on another thread, waits for its end.
class StopCallback {
 public:
  StopCallback(const StopToken& token, std::function<void()> callback);
  ~StopCallback();
  StopCallback(const StopCallback&) = delete;
  StopCallback& operator=(const StopCallback&) = delete;

 private:
  std::shared_ptr<internal::StopState> state_;
  int64_t id_ = -1;  // -1: was run in the constructor or will never run.
};

}  // namespace cohort::sync

#pragma once

#include <atomic>
#include <functional>

#include "absl/time/time.h"
#include "common/sync/stop.h"
#include "common/sync/thread.h"

namespace cohort::sync {

// Turns SIGINT and SIGTERM into a stop: the handlers only write the signal's number into a pipe (nothing that could lock), and a thread of this
// object requests the stop. At most one object lives at a time; make it first thing in main. The destructor puts the former handlers back.
// Thread-safe.
class SignalWaiter {
 public:
  // `on_signal` is called on the object's thread for every signal with its number, the repeated ones too ("press Ctrl-C again to …").
  explicit SignalWaiter(std::function<void(int signal)> on_signal = nullptr);
  ~SignalWaiter();

  // Stopped as soon as a signal has come.
  StopToken token() const { return source_.token(); }
  // True when a signal came before `deadline`.
  bool WaitUntil(absl::Time deadline) const { return token().WaitUntil(deadline); }
  // The last signal, 0 when none has come.
  int last_signal() const { return last_signal_.load(); }

 private:
  void ReadPipe();

  std::function<void(int signal)> on_signal_;
  StopSource source_;
  std::atomic<int> last_signal_{0};
  int pipe_[2] = {-1, -1};
  Thread thread_;
};

}  // namespace cohort::sync

#pragma once

#include <functional>

#include "absl/time/time.h"
#include "common/sync/stop.h"

namespace cohort::sync {

// The waits between repeated attempts: they grow from `first` by `factor` up to `max`, and each is shortened by a random share of up to `jitter`, so
// that many clients of a server that comes back do not call in step. Not thread-safe; one object for one loop.
class Backoff {
 public:
  struct Options {
    absl::Duration first = absl::Milliseconds(20);
    absl::Duration max = absl::Seconds(2);
    double factor = 2.0;
    double jitter = 0.5;  // In [0, 1].
  };

  // `uniform` returns numbers in [0, 1); by default a generator seeded from the system.
  Backoff() : Backoff(Options()) {}
  explicit Backoff(Options options, std::function<double()> uniform = nullptr);

  // The next wait.
  absl::Duration Next();

  // Waits that long, at most until `deadline`. False when there is no point in another attempt: a stop was requested or the deadline has come.
  bool Wait(const StopToken& stop, absl::Time deadline);

  // An attempt succeeded: begin with `first` again.
  void Reset() { current_ = options_.first; }

 private:
  const Options options_;
  std::function<double()> uniform_;
  absl::Duration current_;  // The next wait before jitter.
};

}  // namespace cohort::sync

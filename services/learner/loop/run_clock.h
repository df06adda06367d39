#pragma once

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace cohort::learner {

// How long a run has taken: in earlier processes, and since this was made. Thread-safe.
class RunClock {
 public:
  // `before`: seconds of earlier processes.
  explicit RunClock(double before) : before_(before), begin_(absl::Now()) {}

  double Seconds() const { return before_ + absl::ToDoubleSeconds(absl::Now() - begin_); }

 private:
  const double before_;
  const absl::Time begin_;
};

}  // namespace cohort::learner

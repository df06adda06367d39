#pragma once

#include <functional>

#include "absl/time/time.h"

namespace cohort::sync {

// Where time comes from; tests inject their own. A Clock may be called from any thread.
using Clock = std::function<absl::Time()>;

// Wall time, as absl::Now(): what deadlines are given in.
Clock SystemClock();

// Time that never goes back and ignores corrections of the wall clock: for durations. Its origin means nothing.
Clock MonotonicClock();

}  // namespace cohort::sync

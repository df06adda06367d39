#include "common/sync/clock.h"

#include <chrono>

#include "absl/time/clock.h"

namespace cohort::sync {

Clock SystemClock() {
  return [] { return absl::Now(); };
}

Clock MonotonicClock() {
  return [] { return absl::UnixEpoch() + absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch()); };
}

}  // namespace cohort::sync

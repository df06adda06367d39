#pragma once

#include <time.h>

#include <cstdint>

namespace cohort::sandbox {

// CLOCK_MONOTONIC in nanoseconds: the one clock that the service and its workers share.
inline int64_t MonotonicNanos() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace cohort::sandbox

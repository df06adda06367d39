#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "common/reward/request/limits.h"

namespace cohort::reward {

// Most checks of one batch, and most bytes; a single larger check travels alone.
inline constexpr size_t kMaxBatchChecks = 32;
inline constexpr size_t kMaxBatchBytes = 64 * 1024;

// Limits of a worker process, set with setrlimit.
inline constexpr uint64_t kWorkerAddressSpaceBytes = uint64_t{512} << 20;
inline constexpr uint64_t kWorkerCpuSeconds = 60;
inline constexpr uint64_t kWorkerOpenFiles = 8;
inline constexpr uint64_t kWorkerStackBytes = 1 << 20;

// A worker is replaced after so many checks, so much CPU time, or so much growth of its memory.
inline constexpr int64_t kRecycleChecks = 100'000;
inline constexpr absl::Duration kRecycleCpu = absl::Seconds(45);
inline constexpr int64_t kRecycleGrowthBytes = int64_t{64} << 20;

// The deadline of a check counts the worker's CPU time, so that a busy machine does not turn right answers into timeouts; after so many deadlines of
// wall time the worker is killed whatever it did.
inline constexpr int kWallTimeFactor = 20;

// A check is INTERNAL when so many workers have died during it: by themselves (a crash, a forbidden call), or by a SIGKILL from outside, which says little
// about the check.
inline constexpr int kMaxDeaths = 2;
inline constexpr int kMaxKillsFromOutside = 8;

}  // namespace cohort::reward

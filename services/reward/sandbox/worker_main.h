#pragma once

#include <cstdint>

#include "common/sandbox/syscall_filter.h"
#include "services/reward/sandbox/faults.h"
#include "services/reward/sandbox/lockdown.h"

namespace cohort::reward {

// What a forked child becomes: 0 a worker, otherwise the probe of that number.
using ChildTask = uint32_t;
inline constexpr ChildTask kWorkerTask = 0;

// The whole life of a worker or probe: locks itself in, says that it is ready, then checks batch after batch until the other end closes. `socket` is its end of
// the pair; `secret` is what the random points of comparisons come from. Never returns. Single-threaded.
[[noreturn]] void RunChild(int socket, ChildTask task, const LockdownOptions& options, const sandbox::SyscallFilter& filter, const Faults& faults,
                           uint64_t secret);

}  // namespace cohort::reward

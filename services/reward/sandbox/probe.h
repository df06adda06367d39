#pragma once

#include <cstdint>
#include <string>

namespace cohort::reward {

// What a worker must not be able to do; each is tried by a probe process of its own when the service starts.
enum class Probe : uint32_t {
  kOpenFile = 1,
  kOpenSocket,
  kExecute,
  kFork,
  kMapExecutable,  // Memory that could hold new code.
  kAllocate,       // 1 GiB of memory.
  kSpin,           // For ever.
};
inline constexpr Probe kAllProbes[] = {Probe::kOpenFile, Probe::kOpenSocket,    Probe::kExecute, Probe::kFork,
                                       Probe::kMapExecutable, Probe::kAllocate, Probe::kSpin};
const char* ToString(Probe probe);

// Tries it in the calling process, which is locked down. Returns 0 when it worked, else the error with which the kernel refused it; returns not at all when
// the kernel ends the process for it.
int TryForbidden(Probe probe);

}  // namespace cohort::reward

#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/sandbox/syscall_filter.h"

namespace cohort::reward {

// Which walls a worker gets. All of them, outside tests that prove that the self-test notices a missing one.
struct LockdownOptions {
  bool seccomp = true;
  bool landlock = true;
  bool rlimits = true;
};

// How well the workers are shut in. The order is that of strength; the number is exported as a metric.
enum class SandboxLevel {
  kRelaxed = 0,      // A build with a sanitizer, whose runtime needs what the filter forbids: no seccomp, no limit on memory.
  kSeccompOnly = 1,  // The kernel has no Landlock; seccomp alone refuses files and sockets.
  kFull = 2,         // seccomp, Landlock and resource limits.
};
std::string ToString(SandboxLevel level);

// True in builds with AddressSanitizer or ThreadSanitizer.
bool IsSanitizerBuild();

// The system calls a worker may make, as a compiled filter; everything else kills the process. Made once, before the workers are forked.
absl::StatusOr<sandbox::SyscallFilter> CompileSyscallFilter();

// Shuts the calling process in for good: no descriptor but 0, which becomes `socket`; no new privileges; not traceable; resource limits; Landlock without
// a single allowed path or port; the filter last. Works unprivileged. On return *landlock_abi is the version in force, or 0 where the kernel has none.
absl::Status LockDown(int socket, const LockdownOptions& options, const sandbox::SyscallFilter& filter, int* landlock_abi);

}  // namespace cohort::reward

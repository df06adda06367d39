#pragma once

#include "absl/status/statusor.h"

namespace cohort::reward {

// Takes every file system right, every TCP port, signals and abstract sockets of other processes from this process, as far as the kernel's Landlock knows
// them. Needs no_new_privs. Returns the ABI version in force, 0 where the kernel has no Landlock or has it switched off; errors are real failures.
absl::StatusOr<int> DenyAllByLandlock();

}  // namespace cohort::reward

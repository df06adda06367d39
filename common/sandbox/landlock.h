#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace cohort::sandbox {

// What stays allowed below one path (a file, or a directory with everything in it).
struct PathRule {
  std::string path;
  bool write = false;  // Beside reading, listing and executing: also writing, creating and removing.
};

// Takes every file system right outside `rules`, every TCP port, signals and abstract sockets of other processes from this process, as far as the kernel's
// Landlock knows them. Needs no_new_privs. Rules of paths that do not exist are passed over. Returns the ABI version in force, 0 where the kernel has no
// Landlock or has it switched off; errors are real failures.
absl::StatusOr<int> RestrictByLandlock(const std::vector<PathRule>& rules);

// The ABI version that the kernel offers, 0 for none.
int LandlockAbi();

// The same as RestrictByLandlock without any allowed path.
absl::StatusOr<int> DenyAllByLandlock();

}  // namespace cohort::sandbox

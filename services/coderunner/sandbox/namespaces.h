#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace cohort::coderunner {

// Where a program in name spaces of its own finds its directory.
inline constexpr char kInnerDirectory[] = "/work";
// Devices in everybody's view.
inline constexpr const char* kDevices[] = {"/dev/null", "/dev/urandom"};

// What a program's root holds.
struct RootPlan {
  std::string mount_point;         // An empty directory.
  std::vector<std::string> view;   // Paths of the present root, read-only; symbolic links stay links. Missing ones are passed over.
  std::string directory;           // Becomes kInnerDirectory.
  bool directory_writable = false;
};

// Moves the calling process, which has one thread, into user, mount, net, ipc and uts name spaces of its own, and its next child into a pid name space. It
// becomes an unprivileged user there with every capability inside. Its root is then the plan's, read-only. Works unprivileged where the kernel lets users make name
// spaces. An error names the step; the process has to end then.
absl::Status EnterNamespaces(const RootPlan& plan);

}  // namespace cohort::coderunner

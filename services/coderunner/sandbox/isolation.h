#pragma once

#include <string>

#include "services/coderunner/sandbox/command.h"

namespace cohort::coderunner {

// What stands between the programs and the machine. The order is that of strength; the number is exported as a metric.
enum class IsolationLevel {
  kProcess = 0,     // The kernel's own walls around a process: Landlock, seccomp, limits.
  kNamespaces = 1,  // And name spaces.
  kGvisor = 2,      // A kernel of its own in user space around the whole service, and the walls inside.
  kKata = 3,        // A virtual machine around the whole service, and the walls inside.
};
std::string ToString(IsolationLevel level);

// Whether it is strong enough to run without being switched on explicitly.
bool IsStrong(IsolationLevel level);

// What a container runtime leaves to be seen inside.
struct RuntimeTraces {
  std::string version;      // /proc/version
  std::string command_line; // /proc/cmdline
  std::string mounts;       // /proc/mounts
  std::string kernel_log;   // The beginning of the kernel's log, where it can be read.

  static RuntimeTraces OfThisMachine();
};

// The level of a service that leaves such traces and runs its programs behind `walls`. gVisor names itself in its kernel log; Kata shares its files as the tag
// kataShared and boots with the options of its agent.
IsolationLevel LevelOf(const RuntimeTraces& traces, Walls walls);

}  // namespace cohort::coderunner

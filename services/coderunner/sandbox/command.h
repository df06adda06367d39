#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/coderunner/problem/problem.h"

namespace cohort::coderunner {

// The walls around one program. The order is that of strength.
enum class Walls {
  kProcess = 0,     // Landlock, seccomp, resource limits; the program shares the kernel's name spaces with the service.
  kNamespaces = 1,  // The same inside user, mount, pid, net, ipc and uts name spaces of its own, with a root that holds nothing but the view.
};
std::string ToString(Walls walls);

// Threads a program, and processes a compiler, may have.
inline constexpr int kMaxTasks = 64;

// One process to run in the sandbox.
struct Command {
  std::vector<std::string> argv;  // The first is an absolute path; "{work}" stands for `directory` as the process sees it.
  std::string directory;          // Its working directory. Read-only, unless it builds.
  bool builds = false;            // A compiler: may write into its directory and start processes. Anything else is one process, with threads.
  std::string input;              // Standard input.
  bool has_result = false;        // Descriptor 3 is open for writing.
  Limits limits;
};

// How it ended.
enum class End {
  kExited,       // By itself, with `code`.
  kSignalled,    // By the signal `code`.
  kCpuLimit,
  kWallLimit,
  kOutputLimit,
  kFailed,       // The sandbox failed, or was told to stop; says nothing about the program.
};

struct RunOutcome {
  End end = End::kFailed;
  int code = 0;
  std::string output;   // What it wrote to standard output, to descriptor 3, and the beginning of what it wrote to standard error.
  std::string result;
  std::string errors;
  absl::Duration cpu;
  absl::Duration wall;
  int64_t peak_bytes = 0;  // Resident memory.
  std::string message;     // kFailed: why.
};

}  // namespace cohort::coderunner

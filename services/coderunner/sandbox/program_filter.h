#pragma once

#include <sys/types.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/sandbox/syscall_filter.h"

namespace cohort::coderunner {

// The system calls of programs, compiled once. Everything that is not listed in program_filter.cc fails with ENOSYS: no socket, no tracing, no name space, no
// mount, no process, no signal to anybody else.
struct ProgramFilters {
  sandbox::SyscallFilter test;   // A program under test: one process with threads.
  sandbox::SyscallFilter build;  // A compiler: may also start processes and change files.
};

absl::StatusOr<ProgramFilters> CompileProgramFilters();

// Puts the calling process, whose id is `self`, under the filter: signals may go to `self` only.
absl::Status InstallProgramFilter(sandbox::SyscallFilter filter, pid_t self);

}  // namespace cohort::coderunner

#pragma once

#include "services/coderunner/sandbox/program_filter.h"

namespace cohort::coderunner {

// The whole life of a zygote's child: takes one SupervisorRequest from `socket`, builds the walls, runs the program inside, stops it at its limits or when the
// other end of the socket is shut down, ends everything that it left behind, and answers with one EndRecord. Never returns.
//
// With name spaces the program's first process is a second supervisor, which is what keeps the pid name space alive: when it ends, the kernel kills all that is in
// there. Without, the supervisor adopts what the program leaves behind and kills it.
[[noreturn]] void RunSupervisor(int socket, const ProgramFilters& filters);

}  // namespace cohort::coderunner

#pragma once

#include <string>
#include <vector>

#include "common/sandbox/unique_fd.h"
#include "services/coderunner/sandbox/program_filter.h"
#include "services/coderunner/sandbox/wire.h"

namespace cohort::coderunner {

// Turns the calling process, a child of the supervisor, into the program: descriptors 0, 1, 2 and perhaps 3 from `streams` and no other, a session of its
// own, resource limits, no capability, no new privileges, Landlock, the filter, an environment that holds only what the request says. Never returns; when the program
// cannot be started it writes why to `report`, which closes by itself when it can.
[[noreturn]] void RunProgram(const SupervisorRequest& request, const std::vector<sandbox::UniqueFd>& streams, const sandbox::UniqueFd& report,
                             const ProgramFilters& filters);

}  // namespace cohort::coderunner

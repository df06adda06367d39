#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/sync/stop.h"
#include "services/coderunner/sandbox/workspace.h"
#include "services/coderunner/language/language.h"
#include "services/coderunner/sandbox/sandbox.h"

namespace cohort::coderunner {

// What became of one attempt.
struct ProbeResult {
  std::string attempt;     // "open a socket"
  bool as_it_should = false;
  std::string how;         // "refused", "stopped at its CPU limit", ...
  bool excusable = false;  // gVisor or Kata around the service make up for it: the machine's files are not there.
};

// What the self-test at the start found out.
struct SelfTestReport {
  std::vector<ProbeResult> probes;

  // FAILED_PRECONDITION that names everything that was not as it should be, without what is excusable when `excuse` says so.
  absl::Status status(bool excuse = false) const;
};

// Runs programs in slot 0 as solutions are run. Programs of both languages, with a thread, have to work; one that reads files of others, writes any, opens a socket,
// starts a process, signals or traces the service, takes more memory than it may, spins, sleeps, or floods its output has to be stopped. Takes about three
// seconds, most of it the compiler's.
SelfTestReport RunSelfTest(Sandbox& sandbox, const Workspace& workspace, const Toolchain& toolchain, const sync::StopToken& stop);

// Why a trivial program cannot be run in the sandbox at all; "" when it can.
std::string WhyNothingRuns(Sandbox& sandbox, const Workspace& workspace, const Toolchain& toolchain, const sync::StopToken& stop);

}  // namespace cohort::coderunner

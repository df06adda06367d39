#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/sandbox/zygote.h"
#include "services/reward/sandbox/lockdown.h"
#include "services/reward/sandbox/probe.h"

namespace cohort::reward {

// What became of one probe.
struct ProbeResult {
  Probe probe = Probe::kOpenFile;
  bool stopped = false;  // It did not get what it wanted.
  std::string how;       // "killed by signal 31 (Bad system call)", "refused: Cannot allocate memory", ...
};

// What the start-up self-test found out.
struct SelfTestReport {
  SandboxLevel level = SandboxLevel::kRelaxed;
  int landlock_abi = 0;
  std::vector<ProbeResult> probes;

  // FAILED_PRECONDITION that names every probe that was not stopped.
  absl::Status status() const;
};

// Lets a probe process try each forbidden thing, locked in as the workers are. The one that spins is killed as a check would be, after `check_deadline`. Takes
// that long and a few milliseconds more. Errors: a probe could not be started, or did not behave in any expected way within five seconds.
absl::StatusOr<SelfTestReport> RunSelfTest(sandbox::Zygote& zygote, absl::Duration check_deadline);

}  // namespace cohort::reward

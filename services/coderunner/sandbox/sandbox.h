#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/sandbox/zygote.h"
#include "common/sync/stop.h"
#include "services/coderunner/language/language.h"
#include "services/coderunner/sandbox/command.h"

namespace cohort::coderunner {

// Forks the zygote whose children are supervisors. Call it before the process has a second thread.
absl::StatusOr<std::unique_ptr<sandbox::Zygote>> ForkSupervisorZygote();

// The paths that programs and compilers of `toolchain` read.
std::vector<std::string> ViewOf(const Toolchain& toolchain);

// Runs one process at a time in each of its slots, each behind walls of its own. A service that runs as root gives each slot its own user; otherwise programs run as
// the service's user. The service should not be dumpable (PR_SET_DUMPABLE), so that no process of its user can look into it. Thread-safe.
class Sandbox {
 public:
  struct Options {
    std::string root;               // An empty directory, used as a mount point.
    std::vector<std::string> view;  // What can be read beside the process's own directory.
    Walls walls = Walls::kNamespaces;
  };

  // `zygote` comes from ForkSupervisorZygote() and must outlive the sandbox.
  Sandbox(sandbox::Zygote& zygote, Options options);

  // Runs it to its end and returns when nothing of it is left. A request to stop ends it early (kFailed). At most one call at a time for each slot. Takes at most
  // the command's wall limit and a few seconds more, whatever the process does.
  RunOutcome Run(int slot, const Command& command, const sync::StopToken& stop);

  // Makes `directory` and what is in it the slot's, so that a compiler can write there; nothing unless the service runs as root.
  absl::Status GiveToSlot(int slot, const std::string& directory) const;

  Walls walls() const { return options_.walls; }

 private:
  sandbox::Zygote& zygote_;
  const Options options_;
  const int64_t tasks_;  // RLIMIT_NPROC of programs.
};

}  // namespace cohort::coderunner

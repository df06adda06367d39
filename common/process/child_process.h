#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace cohort::process {

// One child process that never outlives its parent: it gets SIGKILL when the thread that started it ends (so start it from a thread that lives as long
// as it should), and the destructor ends and reaps it. Thread-compatible.
class ChildProcess {
 public:
  struct Options {
    std::vector<std::string> command;                 // Program (absolute path or searched in PATH) and arguments.
    std::map<std::string, std::string> environment;   // Added to the parent's.
    std::string log_file;                             // stdout and stderr are appended here; empty inherits.
    std::string working_directory;                    // Empty keeps the parent's.
    bool own_process_group = true;                    // Ctrl-C at the terminal reaches only the parent.
  };
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(Options options);
  ~ChildProcess();

  pid_t pid() const;
  // False once it has ended (and was reaped).
  bool running();
  // How it ended: exit code, or 128 + signal; nullopt while it runs.
  std::optional<int> exit_code();
  void Signal(int signal);
  // Waits for the end; DEADLINE_EXCEEDED when it still runs.
  absl::StatusOr<int> Wait(absl::Time deadline);
  // SIGTERM, then SIGKILL at `deadline`; returns when it is gone.
  void Stop(absl::Time deadline);

 private:
  class Impl;
  explicit ChildProcess(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Directory of this executable; the other binaries lie beside it.
std::string BinaryDirectory();

}  // namespace cohort::process

#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/process/child_process.h"
#include "common/testing/temp_dir.h"

namespace cohort::testing {

// One `cohort run` of the shipped tiny model on a short config, in a directory of its own: real launcher, real services, real Redis.
class TrainingRun {
 public:
  // `settings` are --set arguments on top of short.yaml in this folder: {"run.steps=4"}.
  explicit TrainingRun(std::vector<std::string> settings = {});

  // Starts the launcher; `more` are further arguments ("--resume").
  absl::Status Start(const std::vector<std::string>& more = {});

  // Waits until steps.jsonl has `steps` lines; fails when the launcher ends before or `deadline` passes.
  absl::Status WaitForSteps(int steps, absl::Time deadline);

  // Exit code of the launcher; DEADLINE_EXCEEDED with the end of its output when it still runs.
  absl::StatusOr<int> Wait(absl::Time deadline);

  // Ends `count` of the launcher's children whose program is `name` ("redis-server", "cohort-learner", …) at once by SIGKILL. NOT_FOUND when there are
  // fewer.
  absl::Status KillChildren(const std::string& name, size_t count = 1);

  // Processes of the launcher by program name.
  std::map<std::string, std::vector<pid_t>> Children() const;

  process::ChildProcess& launcher() { return *launcher_; }
  std::string Path(const std::string& name) const { return directory_ / ("run/" + name); }
  std::string Output() const;                     // Everything the launcher wrote.
  std::vector<std::string> StepLines() const;     // Lines of steps.jsonl.

 private:
  TempDir directory_;
  std::vector<std::string> settings_;
  std::unique_ptr<process::ChildProcess> launcher_;
};

}  // namespace cohort::testing

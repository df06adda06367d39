#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/cohort/config/v1/run.pb.h"
#include "services/cli/supervise/run_paths.h"

namespace cohort::cli {

// What a run directory holds before the launcher begins.
enum class DirectoryState {
  kFresh,       // No run.
  kUnfinished,  // This run, stopped before its last step.
  kFinished,    // This run, with its results.
};

// Looks without changing anything. FAILED_PRECONDITION when the directory belongs to another run or config: names the fields that differ, and the
// remedy. The learner checks more (weights, data) when it starts.
absl::StatusOr<DirectoryState> InspectDirectory(const RunPaths& paths, const config::v1::RunConfig& config);

// The fields that two configs in YAML (as config::ToYaml writes it) set differently: "algorithm.group_size: 8 there, 16 now".
std::vector<std::string> DifferingFields(const std::string& stored_yaml, const std::string& yaml);

// Renames the run directory to the next free "DIR.1", "DIR.2", … and returns the new name.
absl::StatusOr<std::string> MoveAside(const RunPaths& paths);

// Holds a run directory for one launcher; released with the object.
class DirectoryLock {
 public:
  // FAILED_PRECONDITION names the process that holds it. Creates the directory.
  static absl::StatusOr<std::unique_ptr<DirectoryLock>> Acquire(const RunPaths& paths);
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  const int fd_;
};

}  // namespace cohort::cli

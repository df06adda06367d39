#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/process/child_process.h"

namespace cohort::cli {

// A reward service of our own on a loopback port, started from the binary beside this one. The destructor stops it and removes its files. Not thread-safe.
class PrivateRewardService {
 public:
  // `program` is cohort-reward or cohort-coderunner; `flags` are added to its command line. The error carries the end of its log when it does not come up.
  static absl::StatusOr<std::unique_ptr<PrivateRewardService>> Start(const std::string& program, std::vector<std::string> flags, absl::Time deadline);
  ~PrivateRewardService();

  // Starts it again when it has ended.
  absl::Status EnsureRunning(absl::Time deadline);
  bool running() { return child_ != nullptr && child_->running(); }

  // "127.0.0.1:PORT" of the service that runs now.
  const std::string& address() const { return address_; }

 private:
  PrivateRewardService(std::string program, std::vector<std::string> flags, std::string directory)
      : program_(std::move(program)), flags_(std::move(flags)), directory_(std::move(directory)) {}

  std::string LogEnd() const;

  const std::string program_;
  const std::vector<std::string> flags_;
  const std::string directory_;  // For its endpoint file and its log.
  std::unique_ptr<process::ChildProcess> child_;
  std::string address_;
};

}  // namespace cohort::cli

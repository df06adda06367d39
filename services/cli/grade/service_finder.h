#pragma once

#include <functional>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/client.h"
#include "services/cli/grade/private_reward_service.h"

namespace cohort::cli {

// Which reward service a command talks to.
struct ServiceOptions {
  std::string endpoint;  // Empty: a private service.
  int workers = 0;
  int check_deadline_ms = 100;
  bool grades_code = false;           // A private service is cohort-coderunner.
  bool allow_weak_isolation = false;  // Its programs may share this machine's kernel.

  // Declares --endpoint, --workers and --check-deadline-ms; they are written here when the command line is parsed.
  void AddFlags(CLI::App& command);
};

// Finds the service to talk to: the given one, or a private one that is started again when it has ended. Not thread-safe.
class ServiceFinder {
 public:
  // `options` must outlive the finder.
  explicit ServiceFinder(const ServiceOptions& options) : options_(options) {}

  // A channel to a service that is ready.
  absl::StatusOr<std::shared_ptr<grpc::Channel>> Connect();
  // Whether the private service that Connect() found has ended since.
  bool lost() { return private_ != nullptr && !private_->running(); }

 private:
  static absl::StatusOr<std::shared_ptr<grpc::Channel>> ConnectTo(const std::string& address, absl::Time deadline, const std::function<bool()>& cancelled);
  absl::Status EnsurePrivate(absl::Time deadline);

  const ServiceOptions& options_;
  std::unique_ptr<PrivateRewardService> private_;
};

}  // namespace cohort::cli

#include "services/cli/grade/private_reward_service.h"

#include <stdlib.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/io/files.h"
#include "common/status/status_macros.h"
#include "services/cli/supervise/endpoint.h"

namespace cohort::cli {
namespace {

constexpr absl::Duration kLookInterval = absl::Milliseconds(5);
constexpr absl::Duration kStopPatience = absl::Seconds(2);
constexpr size_t kShownLogBytes = 2'000;

}  // namespace

absl::StatusOr<std::unique_ptr<PrivateRewardService>> PrivateRewardService::Start(const std::string& program, std::vector<std::string> flags,
                                                                                  absl::Time deadline) {
  std::string directory = (std::filesystem::temp_directory_path() / "cohort-grade-XXXXXX").string();
  if (mkdtemp(directory.data()) == nullptr) return absl::ErrnoToStatus(errno, absl::StrCat(directory, ": cannot create a temporary directory"));
  auto service = std::unique_ptr<PrivateRewardService>(new PrivateRewardService(program, std::move(flags), std::move(directory)));
  COHORT_RETURN_IF_ERROR(service->EnsureRunning(deadline));
  return service;
}

PrivateRewardService::~PrivateRewardService() {
  if (child_ != nullptr) child_->Stop(absl::Now() + kStopPatience);
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

absl::Status PrivateRewardService::EnsureRunning(absl::Time deadline) {
  if (running()) return absl::OkStatus();
  const std::string endpoint_file = directory_ + "/endpoint.json";
  unlink(endpoint_file.c_str());
  process::ChildProcess::Options options;
  options.command = {absl::StrCat(process::BinaryDirectory(), "/", program_), "--endpoint-file", endpoint_file};
  options.command.insert(options.command.end(), flags_.begin(), flags_.end());
  options.log_file = directory_ + "/log";
  COHORT_ASSIGN_OR_RETURN(child_, process::ChildProcess::Start(options));
  for (;;) {
    const absl::StatusOr<Endpoint> endpoint = ReadEndpointFile(endpoint_file);
    if (endpoint.ok()) {
      address_ = endpoint->grpc;
      return absl::OkStatus();
    }
    if (!child_->running()) return absl::UnavailableError(absl::StrCat("the reward service ended while it started:\n", LogEnd()));
    if (absl::Now() >= deadline) return absl::DeadlineExceededError(absl::StrCat("the reward service did not start in time:\n", LogEnd()));
    absl::SleepFor(kLookInterval);
  }
}

std::string PrivateRewardService::LogEnd() const {
  const absl::StatusOr<std::string> log = io::ReadFile(directory_ + "/log");
  if (!log.ok()) return "(no log)";
  return log->size() <= kShownLogBytes ? *log : log->substr(log->size() - kShownLogBytes);
}

}  // namespace cohort::cli

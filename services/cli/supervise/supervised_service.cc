#include "services/cli/supervise/supervised_service.h"

#include <signal.h>

#include <filesystem>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "common/io/files.h"
#include "common/status/status_macros.h"
#include "services/cli/command/exit_code.h"

namespace cohort::cli {
namespace {

constexpr absl::Duration kProbeTimeout = absl::Milliseconds(200);
constexpr size_t kQuotedLines = 12;

int64_t FileSize(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<int64_t>(size);
}

// The code by which an error of this kind is told on, so that the launcher's own exit code says the same.
absl::Status PermanentError(int exit_code, const std::string& message) {
  if (exit_code == kExitFailed) return absl::FailedPreconditionError(message);
  return exit_code == kExitNotFound ? absl::NotFoundError(message) : absl::InvalidArgumentError(message);
}

// The message of a log line "E20260102 … file.cc:12] [run=x] message" of an error, or "".
std::string ErrorMessage(const std::string& line) {
  if (line.size() < 10 || (line[0] != 'E' && line[0] != 'F') || !absl::ascii_isdigit(static_cast<unsigned char>(line[1]))) return "";
  const size_t bracket = line.find("] ");
  if (bracket == std::string::npos) return "";
  std::string message = line.substr(bracket + 2);
  const size_t context = message.empty() || message[0] != '[' ? std::string::npos : message.find("] ");
  return context == std::string::npos ? message : message.substr(context + 2);
}

}  // namespace

std::string DescribeExit(int exit_code) {
  if (exit_code > 128) return absl::StrCat("was killed by signal ", exit_code - 128);
  return absl::StrCat("ended with exit code ", exit_code);
}

std::string LastWords(const std::string& log_file, int64_t begin) {
  const absl::StatusOr<std::string> log = io::ReadFile(log_file);
  if (!log.ok()) return std::string(log.status().message());
  std::string text = log->substr(std::min(log->size(), static_cast<size_t>(begin)));
  std::vector<std::string> lines = absl::StrSplit(absl::StripTrailingAsciiWhitespace(text), '\n');
  const auto said = [](const std::string& line) { return line.rfind("cohort-", 0) == 0 && line.find(": ") < 24; };
  for (size_t i = lines.size(); i-- > 0;) {
    if (!said(lines[i])) continue;  // The message may go on over several lines.
    lines[i] = lines[i].substr(lines[i].find(": ") + 2);
    return absl::StrJoin(lines.begin() + static_cast<int64_t>(i), lines.end(), "\n");
  }
  for (size_t i = lines.size(); i-- > 0;) {
    if (std::string message = ErrorMessage(lines[i]); !message.empty()) return message;
  }
  const size_t first = lines.size() > kQuotedLines ? lines.size() - kQuotedLines : 0;
  return absl::StrCat("its log ends with\n  ", absl::StrJoin(lines.begin() + static_cast<int64_t>(first), lines.end(), "\n  "));
}

absl::Status SupervisedService::Launch() {
  process::ChildProcess::Options options;
  options.command = spec_.command(endpoint_.has_value() ? &*endpoint_ : nullptr);
  options.environment = spec_.environment;
  options.log_file = spec_.log_file;
  log_begin_ = FileSize(spec_.log_file);
  COHORT_ASSIGN_OR_RETURN(child_, process::ChildProcess::Start(std::move(options)));
  started_at_ = absl::Now();
  restart_at_.reset();
  return absl::OkStatus();
}

absl::Status SupervisedService::OnDeath(int exit_code) {
  if (spec_.may_leave && exit_code == kExitOk) {
    left_ = true;
    child_.reset();
    return absl::OkStatus();
  }
  // Before it has ever listened, an error of its own is one of what it was given; an unreachable peer (4, 5) and a signal are not.
  const bool refused_to_start = !endpoint_.has_value() && exit_code == kExitFailed;
  if (IsPermanent(exit_code) || refused_to_start) return PermanentError(exit_code, absl::StrCat(LastWords(spec_.log_file, log_begin_), "\n  (said by ", spec_.name, ", log: ",
                                                                            spec_.log_file, ")"));
  const std::optional<absl::Duration> delay = policy_.OnDeath(absl::Now(), absl::Now() - started_at_);
  if (!delay.has_value()) {
    return absl::AbortedError(absl::StrCat(spec_.name, " died too often (", policy_.restarts() + 1, " times; the last time it ", DescribeExit(exit_code),
                                           "): ", LastWords(spec_.log_file, log_begin_), "\n  (whole log: ", spec_.log_file, ")"));
  }
  news_ = absl::StrCat(spec_.name, " ", DescribeExit(exit_code), "; starting it again");
  child_.reset();
  restart_at_ = absl::Now() + *delay;
  return absl::OkStatus();
}

absl::Status SupervisedService::Tick() {
  if (stopping_) return absl::OkStatus();
  if (child_ != nullptr && !child_->running()) COHORT_RETURN_IF_ERROR(OnDeath(child_->exit_code().value_or(kExitFailed)));
  if (restart_at_.has_value() && absl::Now() >= *restart_at_) return Launch();
  if (child_ != nullptr) {
    absl::StatusOr<Endpoint> endpoint = spec_.find_endpoint(child_->pid());
    if (endpoint.ok()) endpoint_ = *std::move(endpoint);
  }
  return absl::OkStatus();
}

absl::Status SupervisedService::Start() {
  first_started_at_ = absl::Now();
  return Launch();
}

absl::Status SupervisedService::Serving() {
  if (left_) return absl::OkStatus();
  const bool alive = child_ != nullptr && endpoint_.has_value() && endpoint_->pid == child_->pid();
  if (alive && spec_.probe(*endpoint_, absl::Now() + kProbeTimeout).ok()) return absl::OkStatus();
  if (absl::Now() < first_started_at_ + spec_.start_timeout) return absl::UnavailableError(absl::StrCat(spec_.name, " is starting"));
  return absl::DeadlineExceededError(absl::StrCat(spec_.name, " was not ready after ", absl::FormatDuration(spec_.start_timeout), ": ",
                                                  LastWords(spec_.log_file, log_begin_), "\n  (whole log: ", spec_.log_file, ")"));
}

void SupervisedService::RequestStop() {
  stopping_ = true;
  restart_at_.reset();
  if (child_ != nullptr) child_->Signal(SIGTERM);
}

void SupervisedService::Stop(absl::Time deadline) {
  RequestStop();
  if (child_ == nullptr) return;
  if (!child_->Wait(deadline).ok()) child_->Stop(absl::InfinitePast());
}

void SupervisedService::GiveUp(const absl::Status& why) {
  stopping_ = true;
  child_.reset();
  restart_at_.reset();
  news_ = absl::StrCat(spec_.name, " is given up, everything else goes on: ", why.message());
}

std::string SupervisedService::TakeNews() { return std::exchange(news_, ""); }

}  // namespace cohort::cli

#include "tests/integration/e2e/training_run.h"

#include <signal.h>

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/io/files.h"

namespace cohort::testing {
namespace {

namespace fs = std::filesystem;

std::string Environment(const char* name, const std::string& fallback) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : fallback;
}

std::string Tail(const std::string& text, size_t bytes) { return text.size() <= bytes ? text : text.substr(text.size() - bytes); }

// Name of the running program, "" when it is gone. /proc/PID/comm holds 15 characters, so take the file name of the executable.
std::string ProgramOf(pid_t pid) {
  std::error_code error;
  return fs::read_symlink(absl::StrCat("/proc/", pid, "/exe"), error).filename().string();
}

std::string ReadOrEmpty(const std::string& path) {
  auto content = io::ReadFile(path);
  return content.ok() ? *std::move(content) : "";
}

}  // namespace

TrainingRun::TrainingRun(std::vector<std::string> settings) : settings_(std::move(settings)) {}

absl::Status TrainingRun::Start(const std::vector<std::string>& more) {
  std::vector<std::string> command = {Environment("COHORT_BIN", "build/bin") + "/cohort", "run",
                                      Environment("COHORT_SOURCE", ".") + "/tests/integration/e2e/short.yaml", "--set",
                                      "run.directory=" + Path("")};
  for (const std::string& setting : settings_) {
    command.push_back("--set");
    command.push_back(setting);
  }
  command.insert(command.end(), more.begin(), more.end());
  auto child = process::ChildProcess::Start({.command = command, .log_file = directory_ / "output"});
  if (!child.ok()) return child.status();
  launcher_ = *std::move(child);
  return absl::OkStatus();
}

absl::Status TrainingRun::WaitForSteps(int steps, absl::Time deadline) {
  for (;;) {
    if (static_cast<int>(StepLines().size()) >= steps) return absl::OkStatus();
    if (!launcher_->running()) return absl::UnavailableError(absl::StrCat("the launcher ended early:\n", Tail(Output(), 4000)));
    if (absl::Now() >= deadline) return absl::DeadlineExceededError(absl::StrCat("no step ", steps, " yet:\n", Tail(Output(), 4000)));
    absl::SleepFor(absl::Milliseconds(10));
  }
}

absl::StatusOr<int> TrainingRun::Wait(absl::Time deadline) {
  auto code = launcher_->Wait(deadline);
  if (!code.ok()) return absl::DeadlineExceededError(absl::StrCat("the launcher still runs:\n", Tail(Output(), 4000)));
  return code;
}

std::map<std::string, std::vector<pid_t>> TrainingRun::Children() const {
  std::map<std::string, std::vector<pid_t>> children;
  const pid_t launcher = launcher_->pid();
  std::error_code error;
  for (const auto& task : fs::directory_iterator(absl::StrCat("/proc/", launcher, "/task"), error)) {
    for (const auto text : absl::StrSplit(ReadOrEmpty(task.path().string() + "/children"), ' ', absl::SkipWhitespace())) {
      pid_t pid = 0;
      if (absl::SimpleAtoi(text, &pid)) children[ProgramOf(pid)].push_back(pid);
    }
  }
  return children;
}

absl::Status TrainingRun::KillChildren(const std::string& name, size_t count) {
  for (const auto& [program, pids] : Children()) {
    if (program.rfind(name, 0) != 0 || pids.size() < count) continue;
    for (size_t i = 0; i < count; ++i) kill(pids[i], SIGKILL);
    return absl::OkStatus();
  }
  return absl::NotFoundError(absl::StrCat("the launcher has no ", count, " children ", name));
}

std::string TrainingRun::Output() const { return ReadOrEmpty(directory_ / "output"); }

std::vector<std::string> TrainingRun::StepLines() const { return absl::StrSplit(ReadOrEmpty(Path("steps.jsonl")), '\n', absl::SkipEmpty()); }

}  // namespace cohort::testing

#include "common/process/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

extern char** environ;

namespace cohort::process {
namespace {

constexpr absl::Duration kPollInterval = absl::Milliseconds(5);

// What the child does between fork and exec: only calls that are safe there.
struct ExecPlan {
  std::vector<char*> argv;
  std::vector<char*> envp;
  int log_fd = -1;
  const char* directory = nullptr;
  bool own_group = true;
  pid_t parent = 0;
  int error_fd = -1;  // errno of a failed exec goes here; closes by itself when exec succeeds.
};

[[noreturn]] void ExecInChild(const ExecPlan& plan) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != plan.parent) _exit(127);
  if (plan.own_group) setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  if (plan.log_fd >= 0) {
    dup2(plan.log_fd, STDOUT_FILENO);
    dup2(plan.log_fd, STDERR_FILENO);
  }
  if (plan.directory == nullptr || chdir(plan.directory) == 0) execvpe(plan.argv[0], plan.argv.data(), plan.envp.data());
  const int error = errno;
  [[maybe_unused]] const ssize_t ignored = write(plan.error_fd, &error, sizeof(error));
  _exit(127);
}

std::vector<std::string> MergedEnvironment(const std::map<std::string, std::string>& added) {
  std::vector<std::string> merged;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text(*entry);
    if (added.count(text.substr(0, text.find('='))) == 0) merged.push_back(text);
  }
  for (const auto& [name, value] : added) merged.push_back(absl::StrCat(name, "=", value));
  return merged;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

class ChildProcess::Impl {
 public:
  explicit Impl(pid_t pid) : pid_(pid) {}

  void Poll() {
    if (exit_code_.has_value()) return;
    int status = 0;
    const pid_t reaped = waitpid(pid_, &status, WNOHANG);
    if (reaped == pid_) exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (reaped < 0 && errno == ECHILD) exit_code_ = 127;
  }

  void Signal(int signal) {
    Poll();
    if (!exit_code_.has_value()) kill(pid_, signal);
  }

  const pid_t pid_;
  std::optional<int> exit_code_;
};

ChildProcess::ChildProcess(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ChildProcess::~ChildProcess() { Stop(absl::Now()); }

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(Options options) {
  if (options.command.empty()) return absl::InvalidArgumentError("no command to start");
  ExecPlan plan;
  plan.argv = Pointers(options.command);
  std::vector<std::string> environment = MergedEnvironment(options.environment);
  plan.envp = Pointers(environment);
  plan.own_group = options.own_process_group;
  plan.parent = getpid();
  if (!options.working_directory.empty()) plan.directory = options.working_directory.c_str();
  if (!options.log_file.empty()) {
    plan.log_fd = open(options.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (plan.log_fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat(options.log_file, ": cannot open the log"));
  }
  int pipe_fds[2];
  if (pipe2(pipe_fds, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "pipe");
  plan.error_fd = pipe_fds[1];

  const pid_t pid = fork();
  if (pid == 0) ExecInChild(plan);
  const int fork_error = errno;
  close(pipe_fds[1]);
  if (plan.log_fd >= 0) close(plan.log_fd);
  int exec_error = 0;
  const bool failed = pid > 0 && read(pipe_fds[0], &exec_error, sizeof(exec_error)) == sizeof(exec_error);
  close(pipe_fds[0]);
  if (pid < 0) return absl::ErrnoToStatus(fork_error, "fork");
  auto child = std::unique_ptr<ChildProcess>(new ChildProcess(std::make_unique<Impl>(pid)));
  if (failed) return absl::ErrnoToStatus(exec_error, absl::StrCat("cannot start ", options.command[0]));
  return child;
}

pid_t ChildProcess::pid() const { return impl_->pid_; }

bool ChildProcess::running() {
  impl_->Poll();
  return !impl_->exit_code_.has_value();
}

std::optional<int> ChildProcess::exit_code() {
  impl_->Poll();
  return impl_->exit_code_;
}

void ChildProcess::Signal(int signal) { impl_->Signal(signal); }

absl::StatusOr<int> ChildProcess::Wait(absl::Time deadline) {
  for (;;) {
    impl_->Poll();
    if (impl_->exit_code_.has_value()) return *impl_->exit_code_;
    if (absl::Now() >= deadline) return absl::DeadlineExceededError(absl::StrCat("process ", impl_->pid_, " still runs"));
    absl::SleepFor(kPollInterval);
  }
}

void ChildProcess::Stop(absl::Time deadline) {
  if (!running()) return;
  if (deadline > absl::Now()) {
    impl_->Signal(SIGTERM);
    if (Wait(deadline).ok()) return;
  }
  impl_->Signal(SIGKILL);
  [[maybe_unused]] const auto reaped = Wait(absl::InfiniteFuture());
}

std::string BinaryDirectory() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return self.parent_path().string();
}

}  // namespace cohort::process

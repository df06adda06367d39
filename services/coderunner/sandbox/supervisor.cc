#include "services/coderunner/sandbox/supervisor.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/sandbox/descriptors.h"
#include "common/sandbox/monotonic.h"
#include "common/sandbox/unique_fd.h"
#include "common/status/status_macros.h"
#include "services/coderunner/sandbox/namespaces.h"
#include "services/coderunner/sandbox/program_main.h"
#include "services/coderunner/sandbox/wire.h"

namespace cohort::coderunner {
namespace {

constexpr int64_t kNanosPerMilli = 1'000'000;
constexpr int64_t kLookIntervalNs = 10 * kNanosPerMilli;  // How often the program's CPU time is looked at.

absl::Status LastError(absl::string_view what) { return absl::ErrnoToStatus(errno, what); }

void DieWithParent() { prctl(PR_SET_PDEATHSIG, SIGKILL); }

int64_t Micros(const timeval& time) { return int64_t{time.tv_sec} * 1'000'000 + time.tv_usec; }

void CopyText(const std::string& text, char* field, size_t bytes) { std::memcpy(field, text.data(), std::min(text.size(), bytes)); }

[[noreturn]] void Report(int socket, const SupervisorRequest& request, EndRecord record) {
  CopyText(request.nonce, record.nonce, sizeof(record.nonce));
  send(socket, &record, sizeof(record), MSG_NOSIGNAL);
  _exit(0);
}

[[noreturn]] void ReportNotStarted(int socket, const SupervisorRequest& request, const std::string& why) {
  EndRecord record;
  CopyText(why, record.message, sizeof(record.message) - 1);
  Report(socket, request, record);
}

absl::Status BecomeUser(uint32_t user) {
  if (user == 0) return absl::OkStatus();
  if (setgroups(0, nullptr) != 0) return LastError("setgroups");
  if (setresgid(user, user, user) != 0) return LastError("setresgid");
  if (setresuid(user, user, user) != 0) return LastError("setresuid");
  return absl::OkStatus();
}

absl::Status BuildWalls(const SupervisorRequest& request) {
  COHORT_RETURN_IF_ERROR(BecomeUser(request.user));
  if (prctl(PR_SET_DUMPABLE, 0) != 0) return LastError("PR_SET_DUMPABLE");
  if (request.walls == Walls::kNamespaces) return EnterNamespaces({request.root, request.view, request.directory, request.builds});
  return prctl(PR_SET_CHILD_SUBREAPER, 1) == 0 ? absl::OkStatus() : LastError("PR_SET_CHILD_SUBREAPER");
}

// Watches over one program.
class Attendant {
 public:
  Attendant(int socket, const SupervisorRequest& request, const ProgramFilters& filters) : socket_(socket), request_(request), filters_(filters) {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_SETMASK, &child, nullptr);
    signals_ = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  }

  // Runs the program to its end.
  absl::StatusOr<EndRecord> Run(std::vector<sandbox::UniqueFd> streams) {
    COHORT_RETURN_IF_ERROR(Start(std::move(streams)));
    EndRecord record;
    record.phase = EndRecord::kRan;
    rusage usage{};
    while (wait4(program_, &record.status, WNOHANG, &usage) == 0) {
      if (record.stop != EndRecord::kByItself) continue;
      record.stop = Watch();
      if (record.stop != EndRecord::kByItself) EndProgram();
    }
    record.cpu_us = Micros(usage.ru_utime) + Micros(usage.ru_stime);
    record.wall_us = (sandbox::MonotonicNanos() - began_ns_) / 1'000;
    record.peak_bytes = int64_t{usage.ru_maxrss} << 10;
    EndWhatIsLeft();
    return record;
  }

 private:
  absl::Status Start(std::vector<sandbox::UniqueFd> streams) {
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) return LastError("pipe");
    const sandbox::UniqueFd report(pipe_ends[0]);
    sandbox::UniqueFd report_end(pipe_ends[1]);
    began_ns_ = sandbox::MonotonicNanos();
    program_ = fork();
    if (program_ < 0) return LastError("fork");
    if (program_ == 0) {
      DieWithParent();
      RunProgram(request_, streams, report_end, filters_);
    }
    report_end.Reset();
    streams.clear();
    char why[256];
    const ssize_t got = read(report.get(), why, sizeof(why));
    if (got <= 0) return absl::OkStatus();
    waitpid(program_, nullptr, 0);
    return absl::InternalError(std::string(why, static_cast<size_t>(got)));
  }

  // Waits until something may have happened; says whether the program has to be stopped, and why.
  EndRecord::Stop Watch() {
    const int64_t wall_left_ns = began_ns_ + request_.wall_ms * kNanosPerMilli - sandbox::MonotonicNanos();
    if (wall_left_ns <= 0) return EndRecord::kAtWallLimit;
    const int64_t wait_ns = std::min(wall_left_ns, kLookIntervalNs);
    const timespec timeout{0, static_cast<long>(wait_ns)};
    pollfd fds[] = {{signals_, POLLIN, 0}, {socket_, POLLIN | POLLRDHUP, 0}};
    ppoll(fds, 2, &timeout, nullptr);
    signalfd_siginfo ignored;
    while (read(signals_, &ignored, sizeof(ignored)) > 0) {
    }
    if (fds[1].revents != 0) return EndRecord::kAbandoned;
    return CpuNanos() > request_.cpu_ms * kNanosPerMilli ? EndRecord::kAtCpuLimit : EndRecord::kByItself;
  }

  int64_t CpuNanos() const {
    clockid_t clock;
    timespec used;
    if (clock_getcpuclockid(program_, &clock) != 0 || clock_gettime(clock, &used) != 0) return 0;
    return int64_t{used.tv_sec} * 1'000'000'000 + used.tv_nsec;
  }

  void EndProgram() const {
    kill(-program_, SIGKILL);  // Its session, once it has made one.
    kill(program_, SIGKILL);
  }

  // The last process of a pid name space takes all others with it; elsewhere they are this process's children now.
  void EndWhatIsLeft() const {
    if (request_.walls == Walls::kNamespaces) return;
    kill(-program_, SIGKILL);
    for (;;) {
      KillChildren();
      if (waitpid(-1, nullptr, 0) < 0 && errno == ECHILD) return;
    }
  }

  static void KillChildren() {
    const std::string self = std::to_string(getpid());
    const sandbox::UniqueFd file(open(("/proc/" + self + "/task/" + self + "/children").c_str(), O_RDONLY | O_CLOEXEC));
    std::string numbers(4096, '\0');
    const ssize_t got = file.valid() ? read(file.get(), numbers.data(), numbers.size()) : 0;
    numbers.resize(got > 0 ? static_cast<size_t>(got) : 0);
    for (const char* at = numbers.c_str(); *at != '\0';) {
      char* end = nullptr;
      const long child = std::strtol(at, &end, 10);
      if (end == at) return;
      if (child > 0) kill(static_cast<pid_t>(child), SIGKILL);
      at = end;
    }
  }

  const int socket_;
  const SupervisorRequest& request_;
  const ProgramFilters& filters_;
  int signals_ = -1;
  pid_t program_ = -1;
  int64_t began_ns_ = 0;
};

[[noreturn]] void Attend(int socket, const SupervisorRequest& request, std::vector<sandbox::UniqueFd> streams, const ProgramFilters& filters) {
  const absl::StatusOr<EndRecord> record = Attendant(socket, request, filters).Run(std::move(streams));
  if (!record.ok()) ReportNotStarted(socket, request, std::string(record.status().message()));
  Report(socket, request, *record);
}

}  // namespace

void RunSupervisor(int socket, const ProgramFilters& filters) {
  std::string text(kMaxRequestBytes, '\0');
  std::vector<sandbox::UniqueFd> streams;
  const ssize_t got = sandbox::ReceiveWithDescriptors(socket, text.data(), text.size(), &streams, 0);
  if (got <= 0) _exit(0);
  text.resize(static_cast<size_t>(got));
  const absl::StatusOr<SupervisorRequest> request = DecodeRequest(text);
  if (!request.ok()) _exit(1);
  const pid_t parent = getppid();
  if (const absl::Status status = BuildWalls(*request); !status.ok()) ReportNotStarted(socket, *request, std::string(status.message()));
  DieWithParent();  // Again: a change of user or name space has taken it back.
  if (getppid() != parent) _exit(0);
  if (request->walls == Walls::kProcess) Attend(socket, *request, std::move(streams), filters);

  const pid_t first = fork();
  if (first < 0) ReportNotStarted(socket, *request, "fork into the pid name space");
  if (first == 0) {
    DieWithParent();
    Attend(socket, *request, std::move(streams), filters);
  }
  streams.clear();
  waitpid(first, nullptr, 0);
  _exit(0);
}

}  // namespace cohort::coderunner

#include "services/coderunner/sandbox/sandbox.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "common/sandbox/descriptors.h"
#include "common/sandbox/unique_fd.h"
#include "common/status/status_macros.h"
#include "services/coderunner/sandbox/namespaces.h"
#include "services/coderunner/sandbox/output_streams.h"
#include "services/coderunner/sandbox/program_filter.h"
#include "services/coderunner/sandbox/supervisor.h"
#include "services/coderunner/sandbox/wire.h"

namespace cohort::coderunner {
namespace {

using sandbox::UniqueFd;

constexpr absl::Duration kSpawnPatience = absl::Seconds(10);
constexpr absl::Duration kSupervisorPatience = absl::Seconds(10);  // Beyond the wall limit; then the supervisor itself is ended.
constexpr absl::Duration kLookInterval = absl::Milliseconds(100);  // For a request to stop.
constexpr size_t kKeptErrorBytes = 16 * 1024;
constexpr int64_t kProgramFileBytes = 64 << 20;                    // Of a file that a compiler writes.
constexpr uint32_t kFirstUser = 61'000;                            // Of slot 0; below 65,534 for every slot.
constexpr int64_t kSpareTasks = 256;

absl::Status LastError(absl::string_view what) { return absl::ErrnoToStatus(errno, what); }

bool IsRoot() { return geteuid() == 0; }

uint32_t UserOf(int slot) { return IsRoot() ? kFirstUser + static_cast<uint32_t>(slot) : 0; }

// Threads and processes of this process's user, where they can be counted: RLIMIT_NPROC counts them all.
int64_t CountOwnTasks() {
  int64_t tasks = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator at("/proc", error), end; !error && at != end; at.increment(error)) {
    struct stat owner {};
    const std::string path = at->path().string();
    if (path.find_first_of("0123456789") == std::string::npos || stat(path.c_str(), &owner) != 0 || owner.st_uid != geteuid()) continue;
    std::error_code ignored;
    for (std::filesystem::directory_iterator task(path + "/task", ignored), last; !ignored && task != last; task.increment(ignored)) ++tasks;
  }
  return tasks;
}

std::string MakeNonce() {
  char bytes[kNonceBytes / 2];
  [[maybe_unused]] const ssize_t got = getrandom(bytes, sizeof(bytes), 0);
  return absl::BytesToHexString(absl::string_view(bytes, sizeof(bytes)));
}

// A file in memory that nobody can change any more.
absl::StatusOr<UniqueFd> MakeInput(const std::string& text) {
  UniqueFd file(memfd_create("stdin", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.valid()) return LastError("memfd_create");
  for (size_t at = 0; at < text.size();) {
    const ssize_t written = pwrite(file.get(), text.data() + at, text.size() - at, static_cast<off_t>(at));
    if (written <= 0) return LastError("write of the standard input");
    at += static_cast<size_t>(written);
  }
  if (fcntl(file.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0) return LastError("F_ADD_SEALS");
  return file;
}

struct Pipe {
  UniqueFd ours;
  UniqueFd theirs;
};

absl::StatusOr<Pipe> MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return LastError("pipe");
  Pipe made{UniqueFd(ends[0]), UniqueFd(ends[1])};
  if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) return LastError("O_NONBLOCK");
  return made;
}

std::vector<std::string> EnvironmentOf(const std::string& directory) {
  return {"PATH=/usr/bin:/bin", absl::StrCat("HOME=", directory), absl::StrCat("TMPDIR=", directory), "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "TZ=UTC",
          "PYTHONHASHSEED=0", "MALLOC_ARENA_MAX=2", "OMP_NUM_THREADS=1"};
}

RunOutcome Failed(const absl::Status& status) {
  RunOutcome outcome;
  outcome.message = std::string(status.message());
  return outcome;
}

// One process in the sandbox, seen from the service.
class Run {
 public:
  Run(sandbox::Zygote& zygote, const Command& command) : zygote_(zygote), command_(command) {}

  absl::Status Start(const SupervisorRequest& request) {
    nonce_ = request.nonce;
    COHORT_ASSIGN_OR_RETURN(child_, zygote_.Spawn(0, absl::Now() + kSpawnPatience));
    COHORT_ASSIGN_OR_RETURN(const UniqueFd input, MakeInput(command_.input));
    std::vector<int> descriptors = {input.get()};
    std::vector<UniqueFd> theirs;
    const size_t keep[] = {static_cast<size_t>(command_.limits.output_bytes), kKeptErrorBytes, static_cast<size_t>(command_.limits.output_bytes)};
    for (int i = 0; i < (command_.has_result ? 3 : 2); ++i) {
      COHORT_ASSIGN_OR_RETURN(Pipe pipe, MakePipe());
      streams_.Add(std::move(pipe.ours), keep[i]);
      descriptors.push_back(pipe.theirs.get());
      theirs.push_back(std::move(pipe.theirs));
    }
    const std::string text = Encode(request);
    if (sandbox::SendWithDescriptors(child_.socket.get(), text.data(), text.size(), descriptors) < 0) return LastError("the supervisor takes no request");
    return absl::OkStatus();
  }

  // Reads until the supervisor is gone.
  RunOutcome Finish(const sync::StopToken& stop) {
    const absl::Time give_up = absl::Now() + command_.limits.wall + kSupervisorPatience;
    while (!gone_) {
      Wait();
      streams_.ReadAll();
      ReadRecord();
      if (streams_.total_bytes() > command_.limits.output_bytes) over_ = true;
      if (over_ || stop.stop_requested()) shutdown(child_.socket.get(), SHUT_WR);
      if (absl::Now() > give_up) syscall(SYS_pidfd_send_signal, child_.pidfd.get(), SIGKILL, nullptr, 0);
    }
    [[maybe_unused]] const auto ended = zygote_.WaitStatus(child_, give_up);  // So that not even its name is left.
    streams_.ReadAll();
    if (streams_.total_bytes() > command_.limits.output_bytes) over_ = true;
    return Outcome();
  }

 private:
  void Wait() const {
    std::vector<pollfd> fds = {{child_.socket.get(), POLLIN, 0}};
    streams_.AppendTo(&fds);
    poll(fds.data(), fds.size(), static_cast<int>(absl::ToInt64Milliseconds(kLookInterval)));
  }

  void ReadRecord() {
    EndRecord record;
    const ssize_t got = recv(child_.socket.get(), &record, sizeof(record), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) gone_ = true;
    const bool authentic = got == sizeof(record) && nonce_.size() == kNonceBytes && std::memcmp(record.nonce, nonce_.data(), kNonceBytes) == 0;
    if (!authentic || have_record_) return;
    have_record_ = true;
    record_ = record;
  }

  RunOutcome Outcome() {
    if (!have_record_) return Failed(absl::InternalError("the supervisor ended without a record"));
    if (record_.phase != EndRecord::kRan) return Failed(absl::InternalError(std::string(record_.message, strnlen(record_.message, sizeof(record_.message)))));
    RunOutcome outcome;
    outcome.output = streams_.Take(0);
    outcome.errors = streams_.Take(1);
    if (command_.has_result) outcome.result = streams_.Take(2);
    outcome.cpu = absl::Microseconds(record_.cpu_us);
    outcome.wall = absl::Microseconds(record_.wall_us);
    outcome.peak_bytes = record_.peak_bytes;
    outcome.end = HowItEnded();
    outcome.code = WIFSIGNALED(record_.status) ? WTERMSIG(record_.status) : WEXITSTATUS(record_.status);
    if (outcome.end == End::kFailed) outcome.message = "it was told to stop";
    return outcome;
  }

  End HowItEnded() const {
    if (over_) return End::kOutputLimit;
    if (record_.stop == EndRecord::kAtWallLimit) return End::kWallLimit;
    const bool past_cpu = record_.cpu_us > absl::ToInt64Microseconds(command_.limits.cpu);  // Also what the kernel or the program itself ended.
    if (record_.stop == EndRecord::kAtCpuLimit || past_cpu) return End::kCpuLimit;
    if (record_.stop == EndRecord::kAbandoned) return End::kFailed;
    return WIFSIGNALED(record_.status) ? End::kSignalled : End::kExited;
  }

  sandbox::Zygote& zygote_;
  const Command& command_;
  std::string nonce_;
  sandbox::Zygote::Child child_;
  OutputStreams streams_;
  bool gone_ = false;
  bool over_ = false;  // Too much output.
  bool have_record_ = false;
  EndRecord record_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<sandbox::Zygote>> ForkSupervisorZygote() {
  COHORT_ASSIGN_OR_RETURN(const ProgramFilters filters, CompileProgramFilters());
  return sandbox::Zygote::Fork([&](int socket, uint32_t) { RunSupervisor(socket, filters); });
}

std::vector<std::string> ViewOf(const Toolchain& toolchain) {
  std::vector<std::string> view = {"/usr", "/bin", "/lib", "/lib32", "/lib64", "/libx32", "/etc/ld.so.cache", "/etc/alternatives"};
  std::error_code error;
  for (std::filesystem::directory_iterator at("/etc", error), end; !error && at != end; at.increment(error)) {
    if (at->path().filename().string().rfind("python3", 0) == 0) view.push_back(at->path().string());
  }
  for (const std::string& program : {toolchain.python, toolchain.cxx}) {  // One that was installed elsewhere brings its prefix.
    const auto real = std::filesystem::weakly_canonical(program, error);
    const std::string prefix = real.parent_path().parent_path().string();
    if (!error && prefix.size() > 1 && prefix.rfind("/usr", 0) != 0) view.push_back(prefix);
  }
  return view;
}

Sandbox::Sandbox(sandbox::Zygote& zygote, Options options)
    : zygote_(zygote), options_(std::move(options)), tasks_(IsRoot() ? kMaxTasks : kMaxTasks + CountOwnTasks() + kSpareTasks) {}

absl::Status Sandbox::GiveToSlot(int slot, const std::string& directory) const {
  const uint32_t user = UserOf(slot);
  if (user == 0) return absl::OkStatus();
  std::vector<std::string> paths = {directory};
  std::error_code error;
  for (std::filesystem::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) paths.push_back(at->path().string());
  for (const std::string& path : paths) {
    if (lchown(path.c_str(), user, user) != 0) return LastError(absl::StrCat(path, ": chown"));
  }
  return absl::OkStatus();
}

RunOutcome Sandbox::Run(int slot, const Command& command, const sync::StopToken& stop) {
  const std::string inner = options_.walls == Walls::kNamespaces ? kInnerDirectory : command.directory;
  SupervisorRequest request;
  request.nonce = MakeNonce();
  for (const std::string& argument : command.argv) request.argv.push_back(absl::StrReplaceAll(argument, {{"{work}", inner}}));
  request.environment = EnvironmentOf(inner);
  request.directory = command.directory;
  request.root = options_.root;
  request.view = options_.view;
  request.walls = options_.walls;
  request.builds = command.builds;
  request.user = UserOf(slot);
  request.cpu_ms = absl::ToInt64Milliseconds(command.limits.cpu);
  request.wall_ms = absl::ToInt64Milliseconds(command.limits.wall);
  request.memory_bytes = command.limits.memory_bytes;
  request.file_bytes = command.builds ? kProgramFileBytes : 0;
  request.tasks = tasks_;
  class Run run(zygote_, command);
  if (const absl::Status started = run.Start(request); !started.ok()) return Failed(started);
  return run.Finish(stop);
}

}  // namespace cohort::coderunner

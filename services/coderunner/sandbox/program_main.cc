#include "services/coderunner/sandbox/program_main.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "common/sandbox/landlock.h"
#include "common/status/status_macros.h"
#include "services/coderunner/sandbox/namespaces.h"

namespace cohort::coderunner {
namespace {

constexpr int64_t kStackBytes = int64_t{64} << 20;
constexpr int64_t kOpenFiles = 64;
constexpr int kFirstFreeDescriptor = 5;

absl::Status LastError(absl::string_view what) { return absl::ErrnoToStatus(errno, what); }

absl::Status SetLimit(__rlimit_resource resource, int64_t soft, int64_t hard, const char* name) {
  const rlimit limit{static_cast<rlim_t>(soft), static_cast<rlim_t>(hard)};
  return setrlimit(resource, &limit) == 0 ? absl::OkStatus() : LastError(name);
}

absl::Status SetLimits(const SupervisorRequest& request) {
  // The supervisor counts milliseconds; the kernel's limit, in seconds, is the second line.
  const int64_t cpu_seconds = request.cpu_ms / 1000 + 1;
  COHORT_RETURN_IF_ERROR(SetLimit(RLIMIT_CPU, cpu_seconds, cpu_seconds + 1, "RLIMIT_CPU"));
  COHORT_RETURN_IF_ERROR(SetLimit(RLIMIT_AS, request.memory_bytes, request.memory_bytes, "RLIMIT_AS"));
  COHORT_RETURN_IF_ERROR(SetLimit(RLIMIT_FSIZE, request.file_bytes, request.file_bytes, "RLIMIT_FSIZE"));
  COHORT_RETURN_IF_ERROR(SetLimit(RLIMIT_NPROC, request.tasks, request.tasks, "RLIMIT_NPROC"));
  COHORT_RETURN_IF_ERROR(SetLimit(RLIMIT_STACK, kStackBytes, kStackBytes, "RLIMIT_STACK"));
  COHORT_RETURN_IF_ERROR(SetLimit(RLIMIT_CORE, 0, 0, "RLIMIT_CORE"));
  COHORT_RETURN_IF_ERROR(SetLimit(RLIMIT_MEMLOCK, 0, 0, "RLIMIT_MEMLOCK"));
  COHORT_RETURN_IF_ERROR(SetLimit(RLIMIT_MSGQUEUE, 0, 0, "RLIMIT_MSGQUEUE"));
  return SetLimit(RLIMIT_NOFILE, kOpenFiles, kOpenFiles, "RLIMIT_NOFILE");
}

// 0, 1, 2 and perhaps 3 are the streams, 4 the report; nothing else stays open.
absl::Status PlaceDescriptors(const std::vector<sandbox::UniqueFd>& streams, const sandbox::UniqueFd& report) {
  std::vector<int> high;  // Out of the way of their places.
  for (const sandbox::UniqueFd& stream : streams) high.push_back(fcntl(stream.get(), F_DUPFD_CLOEXEC, 32));
  const int high_report = fcntl(report.get(), F_DUPFD_CLOEXEC, 32);
  for (size_t i = 0; i < high.size(); ++i) {
    if (dup2(high[i], static_cast<int>(i)) < 0) return LastError("dup2");
  }
  if (dup3(high_report, kFirstFreeDescriptor - 1, O_CLOEXEC) < 0) return LastError("dup3");
  if (high.size() < kFirstFreeDescriptor - 1) close(3);
  if (syscall(SYS_close_range, kFirstFreeDescriptor, ~0u, 0u) != 0) return LastError("close_range");
  return absl::OkStatus();
}

absl::Status DropCapabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[2] = {};
  return syscall(SYS_capset, &header, none) == 0 ? absl::OkStatus() : LastError("capset");
}

absl::Status RestrictFiles(const SupervisorRequest& request, const std::string& directory) {
  std::vector<sandbox::PathRule> rules;
  for (const std::string& path : request.view) rules.push_back({path});
  for (const char* device : kDevices) rules.push_back({device, /*write=*/true});
  rules.push_back({directory, request.builds});
  return sandbox::RestrictByLandlock(rules).status();
}

void ResetSignals() {
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

absl::Status LockIn(const SupervisorRequest& request, const ProgramFilters& filters) {
  const std::string directory = request.walls == Walls::kNamespaces ? kInnerDirectory : request.directory;
  if (chdir(directory.c_str()) != 0) return LastError(directory);
  umask(022);
  setsid();
  ResetSignals();
  COHORT_RETURN_IF_ERROR(SetLimits(request));
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return LastError("PR_SET_NO_NEW_PRIVS");
  COHORT_RETURN_IF_ERROR(RestrictFiles(request, directory));
  COHORT_RETURN_IF_ERROR(DropCapabilities());
  return InstallProgramFilter(request.builds ? filters.build : filters.test, getpid());
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

void RunProgram(const SupervisorRequest& request, const std::vector<sandbox::UniqueFd>& streams, const sandbox::UniqueFd& report,
                const ProgramFilters& filters) {
  const std::vector<char*> argv = Pointers(request.argv);
  const std::vector<char*> environment = Pointers(request.environment);
  absl::Status status = PlaceDescriptors(streams, report);
  if (status.ok()) status = LockIn(request, filters);
  if (status.ok()) {
    execve(argv[0], argv.data(), environment.data());
    status = LastError(request.argv[0]);
  }
  const absl::string_view message = status.message();
  [[maybe_unused]] const ssize_t written = write(kFirstFreeDescriptor - 1, message.data(), message.size());
  _exit(127);
}

}  // namespace cohort::coderunner

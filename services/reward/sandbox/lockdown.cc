#include "services/reward/sandbox/lockdown.h"

#include <linux/close_range.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "common/sandbox/landlock.h"
#include "common/sandbox/syscall_filter.h"
#include "common/status/status_macros.h"
#include "services/reward/sandbox/limits.h"

namespace cohort::reward {
namespace {

constexpr int kAllowed[] = {
    SCMP_SYS(read),   SCMP_SYS(write),   SCMP_SYS(recvfrom), SCMP_SYS(sendto),       SCMP_SYS(brk),  SCMP_SYS(munmap),
    SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(futex),    SCMP_SYS(rt_sigreturn), SCMP_SYS(exit), SCMP_SYS(exit_group),
    SCMP_SYS(clock_gettime),
};
constexpr unsigned kProtectionArgument = 2;  // Of mmap.

absl::Status LastError(const char* what) { return absl::ErrnoToStatus(errno, what); }

absl::Status SetLimit(__rlimit_resource resource, uint64_t value, const char* name) {
  const rlimit limit{value, value};
  return setrlimit(resource, &limit) == 0 ? absl::OkStatus() : LastError(name);
}

absl::Status SetLimits() {
  if (!IsSanitizerBuild()) COHORT_RETURN_IF_ERROR(SetLimit(RLIMIT_AS, kWorkerAddressSpaceBytes, "RLIMIT_AS"));
  COHORT_RETURN_IF_ERROR(SetLimit(RLIMIT_CPU, kWorkerCpuSeconds, "RLIMIT_CPU"));
  COHORT_RETURN_IF_ERROR(SetLimit(RLIMIT_NPROC, 0, "RLIMIT_NPROC"));
  COHORT_RETURN_IF_ERROR(SetLimit(RLIMIT_FSIZE, 0, "RLIMIT_FSIZE"));
  COHORT_RETURN_IF_ERROR(SetLimit(RLIMIT_CORE, 0, "RLIMIT_CORE"));
  COHORT_RETURN_IF_ERROR(SetLimit(RLIMIT_NOFILE, kWorkerOpenFiles, "RLIMIT_NOFILE"));
  return SetLimit(RLIMIT_STACK, kWorkerStackBytes, "RLIMIT_STACK");
}

// Leaves descriptor 0 alone, which becomes `socket`.
absl::Status CloseAllBut(int socket) {
  if (dup2(socket, 0) != 0) return LastError("dup2");
  if (syscall(SYS_close_range, 1u, ~0u, 0u) != 0) return LastError("close_range");
  return absl::OkStatus();
}

}  // namespace

std::string ToString(SandboxLevel level) {
  switch (level) {
    case SandboxLevel::kRelaxed: return "relaxed (sanitizer build)";
    case SandboxLevel::kSeccompOnly: return "seccomp only (the kernel has no Landlock)";
    case SandboxLevel::kFull: return "full (seccomp, Landlock, resource limits)";
  }
  return "unknown";
}

bool IsSanitizerBuild() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;
#else
  return false;
#endif
}

absl::StatusOr<sandbox::SyscallFilter> CompileSyscallFilter() {
  scmp_filter_ctx context = seccomp_init(SCMP_ACT_KILL_PROCESS);
  if (context == nullptr) return absl::InternalError("seccomp_init failed");
  int error = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  for (const int call : kAllowed) {
    if (error == 0) error = seccomp_rule_add(context, SCMP_ACT_ALLOW, call, 0);
  }
  if (error == 0) {
    const scmp_arg_cmp not_executable = SCMP_CMP(kProtectionArgument, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    error = seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, not_executable);
  }
  return sandbox::CompileFilter(context, error);
}

absl::Status LockDown(int socket, const LockdownOptions& options, const sandbox::SyscallFilter& filter, int* landlock_abi) {
  *landlock_abi = 0;
  COHORT_RETURN_IF_ERROR(CloseAllBut(socket));
  if (options.rlimits) COHORT_RETURN_IF_ERROR(SetLimits());
  if (prctl(PR_SET_DUMPABLE, 0) != 0) return LastError("PR_SET_DUMPABLE");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return LastError("PR_SET_NO_NEW_PRIVS");
  if (options.landlock) {
    COHORT_ASSIGN_OR_RETURN(*landlock_abi, sandbox::DenyAllByLandlock());
  }
  if (options.seccomp && !IsSanitizerBuild()) return sandbox::InstallFilter(filter);
  return absl::OkStatus();
}

}  // namespace cohort::reward

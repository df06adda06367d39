#include "services/coderunner/sandbox/program_filter.h"

#include <asm/ioctls.h>
#include <linux/bpf_common.h>
#include <sched.h>
#include <seccomp.h>

#include <cerrno>
#include <cstdint>

#include "common/status/status_macros.h"

namespace cohort::coderunner {
namespace {

constexpr int kAlways[] = {
    // Files; which ones, Landlock and the root say.
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(pwrite64), SCMP_SYS(lseek), SCMP_SYS(close),
    SCMP_SYS(close_range), SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(stat), SCMP_SYS(fstat), SCMP_SYS(lstat), SCMP_SYS(newfstatat), SCMP_SYS(statx),
    SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(getdents64), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd),
    SCMP_SYS(chdir), SCMP_SYS(fcntl), SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(pipe), SCMP_SYS(pipe2), SCMP_SYS(poll), SCMP_SYS(ppoll),
    SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(eventfd2),
    SCMP_SYS(fadvise64), SCMP_SYS(umask),
    // Memory.
    SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mprotect), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk), SCMP_SYS(membarrier),
    // Itself, its threads and its signals.
    SCMP_SYS(execve), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(get_robust_list), SCMP_SYS(rseq),
    SCMP_SYS(set_tid_address), SCMP_SYS(arch_prctl), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
    SCMP_SYS(rt_sigpending), SCMP_SYS(rt_sigsuspend), SCMP_SYS(rt_sigtimedwait), SCMP_SYS(pause), SCMP_SYS(alarm), SCMP_SYS(setitimer), SCMP_SYS(getitimer),
    SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getppid), SCMP_SYS(getpgrp), SCMP_SYS(getpgid), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid),
    SCMP_SYS(getegid), SCMP_SYS(getgroups), SCMP_SYS(getrlimit), SCMP_SYS(setrlimit), SCMP_SYS(getrusage), SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity), SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(getrandom), SCMP_SYS(restart_syscall),
    // Time.
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(times),
};

constexpr int kToBuild[] = {
    SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(wait4), SCMP_SYS(waitid), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat),
    SCMP_SYS(renameat2), SCMP_SYS(chmod), SCMP_SYS(fchmod), SCMP_SYS(fchmodat), SCMP_SYS(ftruncate), SCMP_SYS(fallocate), SCMP_SYS(mkdir), SCMP_SYS(rmdir),
    SCMP_SYS(copy_file_range), SCMP_SYS(sendfile),
};

constexpr uint64_t kNamespaceFlags =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
constexpr uint64_t kLowHalf = 0xffffffffu;
// Stands for the process in the compiled filter until the process is known.
constexpr uint32_t kSelf = 0x5ca1ab1eu;

int AllowIoctls(scmp_filter_ctx context) {
  int error = 0;
  for (const uint64_t request : {TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIOCLEX, FIONCLEX}) {
    if (error == 0) error = seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, request));
  }
  return error;
}

// Signals to nobody but itself, limits of nobody but itself; new tasks only inside the name spaces it has, and only threads unless it builds.
int AllowWithArguments(scmp_filter_ctx context, bool builds) {
  int error = AllowIoctls(context);
  for (const int call : {SCMP_SYS(kill), SCMP_SYS(tgkill)}) {
    if (error == 0) error = seccomp_rule_add(context, SCMP_ACT_ALLOW, call, 1, SCMP_A0(SCMP_CMP_MASKED_EQ, kLowHalf, kSelf));
  }
  if (error == 0) error = seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, kLowHalf, 0));
  const uint64_t looked_at = kNamespaceFlags | (builds ? 0 : CLONE_THREAD);
  const uint64_t wanted = builds ? 0 : CLONE_THREAD;
  if (error == 0) error = seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, looked_at, wanted));
  return error;
}

absl::StatusOr<sandbox::SyscallFilter> Compile(bool builds) {
  scmp_filter_ctx context = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
  if (context == nullptr) return absl::InternalError("seccomp_init failed");
  int error = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  for (const int call : kAlways) {
    if (error == 0) error = seccomp_rule_add(context, SCMP_ACT_ALLOW, call, 0);
  }
  for (const int call : kToBuild) {
    if (error == 0 && builds) error = seccomp_rule_add(context, SCMP_ACT_ALLOW, call, 0);
  }
  if (error == 0) error = AllowWithArguments(context, builds);
  return sandbox::CompileFilter(context, error);
}

}  // namespace

absl::StatusOr<ProgramFilters> CompileProgramFilters() {
  ProgramFilters filters;
  COHORT_ASSIGN_OR_RETURN(filters.test, Compile(false));
  COHORT_ASSIGN_OR_RETURN(filters.build, Compile(true));
  return filters;
}

absl::Status InstallProgramFilter(sandbox::SyscallFilter filter, pid_t self) {
  int replaced = 0;
  for (sock_filter& instruction : filter) {
    if (BPF_CLASS(instruction.code) != BPF_JMP || instruction.k != kSelf) continue;
    instruction.k = static_cast<uint32_t>(self);
    ++replaced;
  }
  if (replaced == 0) return absl::InternalError("the system call filter has no place for the process");
  return sandbox::InstallFilter(filter);
}

}  // namespace cohort::coderunner

#include "common/sandbox/syscall_filter.h"

#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>

#include "common/sandbox/unique_fd.h"

namespace cohort::sandbox {

absl::StatusOr<SyscallFilter> CompileFilter(scmp_filter_ctx context, int error) {
  const UniqueFd file(memfd_create("cohort-filter", MFD_CLOEXEC));
  if (error == 0) error = seccomp_export_bpf(context, file.get());
  seccomp_release(context);
  if (error != 0) return absl::ErrnoToStatus(-error, "cannot compile the system call filter");
  const off_t bytes = lseek(file.get(), 0, SEEK_END);
  SyscallFilter filter(static_cast<size_t>(bytes) / sizeof(sock_filter));
  if (pread(file.get(), filter.data(), static_cast<size_t>(bytes), 0) != bytes) return absl::ErrnoToStatus(errno, "cannot read the system call filter");
  return filter;
}

absl::Status InstallFilter(const SyscallFilter& filter) {
  const sock_fprog program{static_cast<unsigned short>(filter.size()), const_cast<sock_filter*>(filter.data())};
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 ? absl::OkStatus() : absl::ErrnoToStatus(errno, "PR_SET_SECCOMP");
}

}  // namespace cohort::sandbox

#pragma once

#include <linux/filter.h>
#include <seccomp.h>

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cohort::sandbox {

// A compiled seccomp program.
using SyscallFilter = std::vector<sock_filter>;

// Compiles the rules of `context` and releases it; `error` is the first error of making them (0 or a negative errno, as libseccomp reports).
absl::StatusOr<SyscallFilter> CompileFilter(scmp_filter_ctx context, int error);

// Puts the calling process under the filter for good. Needs no_new_privs.
absl::Status InstallFilter(const SyscallFilter& filter);

}  // namespace cohort::sandbox

#pragma once

#include "absl/status/status.h"
#include "common/status/exit_code.h"

namespace cohort::cli {

// Whether a process that ended with `exit_code` would end so again: wrong input, or a program that cannot be started at all.
bool IsPermanent(int exit_code);

// Prints "cohort: MESSAGE" on stderr unless `status` is OK; returns its exit code.
int Finish(const absl::Status& status);

}  // namespace cohort::cli

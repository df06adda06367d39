#pragma once

#include "absl/status/status.h"

namespace cohort::cli {

// Exit codes of every Cohort program, so that scripts and supervisors can tell what happened without reading messages.
enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,       // Trying again may help.
  kExitUsage = 2,        // Wrong command line, config or data: trying again cannot help.
  kExitNotFound = 3,     // A file, directory or model is not there.
  kExitTimeout = 4,
  kExitUnavailable = 5,  // A service did not answer.
};

// The exit code for `status`.
int ToExitCode(const absl::Status& status);

// Whether a process that ended with `exit_code` would end so again: wrong input, or a program that cannot be started at all.
bool IsPermanent(int exit_code);

// Prints "cohort: MESSAGE" on stderr unless `status` is OK; returns its exit code.
int Finish(const absl::Status& status);

}  // namespace cohort::cli

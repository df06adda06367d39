#pragma once

#include "absl/status/status.h"

namespace cohort {

// Exit codes of every Cohort program, so that scripts and supervisors can tell what happened without reading messages.
enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,       // Trying again may help.
  kExitUsage = 2,        // Wrong command line, config or data: trying again cannot help.
  kExitNotFound = 3,     // A file, directory or model is not there.
  kExitTimeout = 4,
  kExitUnavailable = 5,  // A service did not answer.
};

// The exit code for how a program ended.
int ToExitCode(const absl::Status& status);

}  // namespace cohort

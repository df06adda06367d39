#pragma once

#include "absl/status/status.h"

namespace cohort::learner {

constexpr int kExitUsage = 2;

// The exit code of every Cohort program for how it ended: 0 ok, 1 failed, 2 usage, 3 not found, 4 timeout, 5 unavailable.
int ToExitCode(const absl::Status& status);

}  // namespace cohort::learner

#pragma once

#include "absl/status/statusor.h"

namespace cohort::process {

// A loopback port that nobody listens on now.
absl::StatusOr<int> PickFreePort();

}  // namespace cohort::process

#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "common/sandbox/zygote.h"
#include "services/reward/sandbox/faults.h"
#include "services/reward/sandbox/lockdown.h"

namespace cohort::reward {

struct ZygoteOptions {
  LockdownOptions lockdown;
  Faults faults;
  uint64_t secret = 0;  // Of the comparisons' random points. A verdict may hang on it where two sides have different domains, so all workers of all services have the same.
};

// Forks a zygote whose children are workers and probes (a ChildTask each). Call it before the process has a second thread.
absl::StatusOr<std::unique_ptr<sandbox::Zygote>> ForkZygote(ZygoteOptions options);

}  // namespace cohort::reward

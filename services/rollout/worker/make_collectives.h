#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "common/policy/collective.h"

namespace cohort::rollout {

// What receives broadcasts into the memory of GPU `gpu`; an error where this build or this machine has none.
absl::StatusOr<std::shared_ptr<policy::CollectiveLibrary>> MakeCollectives(int gpu);

}  // namespace cohort::rollout

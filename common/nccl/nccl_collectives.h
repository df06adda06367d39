#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/policy/collective.h"

namespace cohort::nccl {

// NCCL as the library of collectives for one GPU of this process; memory is that GPU's. Whatever NCCL prints or chooses is left to its environment
// variables. Errors when NCCL cannot be loaded or there is no such GPU.
absl::StatusOr<std::shared_ptr<policy::CollectiveLibrary>> MakeNcclCollectives(int gpu);

}  // namespace cohort::nccl

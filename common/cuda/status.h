#pragma once

#include <cuda_runtime_api.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace cohort::cuda {

// The one place where errors of the CUDA runtime become a status: RESOURCE_EXHAUSTED when memory is short, UNAVAILABLE when there is no usable device
// or somebody else has it to himself, INTERNAL otherwise. `what` says what was tried.
absl::Status ToStatus(cudaError_t error, absl::string_view what);

// The error of the last kernel launch of this thread, which is cleared.
absl::Status LaunchStatus(absl::string_view kernel);

}  // namespace cohort::cuda

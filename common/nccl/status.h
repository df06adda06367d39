#pragma once

#include <nccl.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace cohort::nccl {

// The one place where NCCL's results become a status: UNAVAILABLE when a peer or the network failed, INVALID_ARGUMENT when NCCL was called wrongly,
// INTERNAL otherwise. ncclInProgress is OK: the caller polls. `what` says what was tried.
absl::Status ToStatus(ncclResult_t result, absl::string_view what);

}  // namespace cohort::nccl

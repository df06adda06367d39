#include "common/nccl/status.h"

#include "absl/strings/str_cat.h"

namespace cohort::nccl {

absl::Status ToStatus(ncclResult_t result, absl::string_view what) {
  const std::string message = absl::StrCat(what, ": NCCL says '", ncclGetErrorString(result), "'");
  switch (result) {
    case ncclSuccess:
    case ncclInProgress: return absl::OkStatus();
    case ncclSystemError:
    case ncclRemoteError: return absl::UnavailableError(message);
    case ncclInvalidArgument:
    case ncclInvalidUsage: return absl::InvalidArgumentError(message);
    default: return absl::InternalError(message);
  }
}

}  // namespace cohort::nccl

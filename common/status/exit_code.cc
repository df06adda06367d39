#include "common/status/exit_code.h"

namespace cohort {

int ToExitCode(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk: return kExitOk;
    case absl::StatusCode::kInvalidArgument: return kExitUsage;
    case absl::StatusCode::kNotFound: return kExitNotFound;
    case absl::StatusCode::kDeadlineExceeded: return kExitTimeout;
    case absl::StatusCode::kUnavailable: return kExitUnavailable;
    default: return kExitFailed;
  }
}

}  // namespace cohort

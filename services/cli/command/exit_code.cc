#include "services/cli/command/exit_code.h"

#include <iostream>

namespace cohort::cli {

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

bool IsPermanent(int exit_code) {
  constexpr int kCannotExecute = 126, kNoSuchProgram = 127;
  return exit_code == kExitUsage || exit_code == kExitNotFound || exit_code == kCannotExecute || exit_code == kNoSuchProgram;
}

int Finish(const absl::Status& status) {
  if (!status.ok()) std::cerr << "cohort: " << status.message() << std::endl;
  return ToExitCode(status);
}

}  // namespace cohort::cli

#include "services/cli/command/exit_code.h"

#include <iostream>

namespace cohort::cli {

bool IsPermanent(int exit_code) {
  constexpr int kCannotExecute = 126, kNoSuchProgram = 127;
  return exit_code == kExitUsage || exit_code == kExitNotFound || exit_code == kCannotExecute || exit_code == kNoSuchProgram;
}

int Finish(const absl::Status& status) {
  if (!status.ok()) std::cerr << "cohort: " << status.message() << std::endl;
  return ToExitCode(status);
}

}  // namespace cohort::cli

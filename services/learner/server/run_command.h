#pragma once

#include "CLI/CLI.hpp"
#include "absl/status/status.h"

namespace cohort::learner {

// Adds `cohort-learner run`. When it is chosen, its outcome is in `status` after parsing.
void AddRunCommand(CLI::App& app, absl::Status& status);

}  // namespace cohort::learner

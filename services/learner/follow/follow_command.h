#pragma once

#include "CLI/CLI.hpp"
#include "absl/status/status.h"

namespace cohort::learner {

// Adds `cohort-learner follow`. When it is chosen, its outcome is in `status` after parsing.
void AddFollowCommand(CLI::App& app, absl::Status& status);

}  // namespace cohort::learner

#pragma once

#include "CLI/CLI.hpp"
#include "absl/status/status.h"

namespace cohort::learner {

// Adds the subcommand `pretrain CONFIG`: next-token training as the YAML file says. It runs while the command line is parsed and leaves its outcome in
// `status`, which outlives `app`. On a terminal one line shows the progress; elsewhere a line appears every few seconds.
void AddPretrainCommand(CLI::App& app, absl::Status& status);

}  // namespace cohort::learner

#pragma once

#include "CLI/CLI.hpp"

namespace cohort::cli {

// Adds `cohort pretrain`. The command becomes cohort-learner; *exit_code is only set when that is not possible.
void AddPretrainCommand(CLI::App& app, int* exit_code);

}  // namespace cohort::cli

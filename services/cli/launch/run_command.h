#pragma once

#include "CLI/CLI.hpp"

namespace cohort::cli {

// Adds `cohort run`. The command's exit code goes to *exit_code.
void AddRunCommand(CLI::App& app, int* exit_code);

}  // namespace cohort::cli

#pragma once

#include "CLI/CLI.hpp"

namespace cohort::cli {

// Adds `cohort generate`. The command's exit code goes to *exit_code.
void AddGenerateCommand(CLI::App& app, int* exit_code);

}  // namespace cohort::cli

#pragma once

#include "CLI/CLI.hpp"

namespace cohort::cli {

// Adds `cohort eval`. The command's exit code goes to *exit_code.
void AddEvalCommand(CLI::App& app, int* exit_code);

}  // namespace cohort::cli

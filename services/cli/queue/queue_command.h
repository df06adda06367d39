#pragma once

#include "CLI/CLI.hpp"

namespace cohort::cli {

// Adds `cohort queue stats`. The command's exit code goes to *exit_code.
void AddQueueCommand(CLI::App& app, int* exit_code);

}  // namespace cohort::cli

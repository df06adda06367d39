#pragma once

#include "CLI/CLI.hpp"

namespace cohort::cli {

// Adds `cohort config check|show|explain`. The command's exit code goes to *exit_code.
void AddConfigCommands(CLI::App& app, int* exit_code);

}  // namespace cohort::cli

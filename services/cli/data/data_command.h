#pragma once

#include "CLI/CLI.hpp"

namespace cohort::cli {

// Adds `cohort data arithmetic corpus|problems`. The command's exit code goes to *exit_code.
void AddDataCommand(CLI::App& app, int* exit_code);

}  // namespace cohort::cli

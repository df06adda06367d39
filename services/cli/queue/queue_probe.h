#pragma once

#include "CLI/CLI.hpp"

namespace cohort::cli {

// Adds `cohort queue probe` below the `queue` command, which must be there: it asks Redis itself, where there is no admin service. Exit codes go to *exit_code.
void AddQueueProbe(CLI::App& app, int* exit_code);

}  // namespace cohort::cli

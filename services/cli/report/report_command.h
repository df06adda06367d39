#pragma once

#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"

namespace cohort::cli {

// Writes the report of `run_directory` to `output` (empty: RUN_DIR/report.html) and returns where it went.
absl::StatusOr<std::string> WriteReport(const std::string& run_directory, const std::string& output);

// Adds `cohort report`. The command's exit code goes to *exit_code.
void AddReportCommand(CLI::App& app, int* exit_code);

}  // namespace cohort::cli

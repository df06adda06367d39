#include <string>

#include "CLI/CLI.hpp"
#include "services/cli/command/exit_code.h"
#include "services/cli/report/report_command.h"

#ifndef COHORT_VERSION
#define COHORT_VERSION "unknown"
#endif

int main(int argc, char** argv) {
  CLI::App app("Cohort trains reasoning into language models by reinforcement learning", "cohort");
  app.set_version_flag("--version", "cohort " COHORT_VERSION);
  app.require_subcommand(1);
  int exit_code = cohort::cli::kExitOk;
  cohort::cli::AddReportCommand(app, &exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? cohort::cli::kExitOk : cohort::cli::kExitUsage;
  }
  return exit_code;
}

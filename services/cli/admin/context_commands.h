#pragma once

#include "CLI/CLI.hpp"

namespace cohort::cli {

// `cohort context list | set | use | delete`: named connections to admin services. Exit codes go to `exit_code`.
void AddContextCommands(CLI::App& app, int* exit_code);

}  // namespace cohort::cli

#pragma once

#include "CLI/CLI.hpp"

namespace cohort::cli {

// `cohort completion bash | zsh`: prints a script that completes commands and options of `app`, which must have all its commands by the time it parses.
void AddCompletionCommand(CLI::App& app, int* exit_code);

}  // namespace cohort::cli

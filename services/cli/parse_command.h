#pragma once

#include "CLI/CLI.hpp"

namespace cohort::cli {

// Adds `cohort parse`: reads answers as JSONL from stdin, writes one row with the canonical form of each to stdout, in order, parsed by the same sandboxed
// workers as in training. `exit_code` is set when the command has run: 1 when a row was malformed (it gets a row with "error"), 5 when no service answers.
void AddParseCommand(CLI::App& app, int* exit_code);

}  // namespace cohort::cli

#pragma once

#include "CLI/CLI.hpp"

namespace cohort::cli {

// Adds `cohort grade`: reads rows of answers or completions as JSONL from stdin, writes one row of verdict each to stdout, in order, graded by the same sandboxed
// workers as in training. `exit_code` is set when the command has run: 1 when a row was malformed (it gets a row with "error"), 5 when no service answers.
void AddGradeCommand(CLI::App& app, int* exit_code);

}  // namespace cohort::cli

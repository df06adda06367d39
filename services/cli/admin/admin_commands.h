#pragma once

#include "CLI/CLI.hpp"

namespace cohort::cli {

// Adds the commands that watch and steer a run through its admin service: status, top, doctor, service, worker, queue, dlq, checkpoint, policy, sample, events,
// operation, and `run pause` and the like below the `run` command, which must be there. Exit codes go to *exit_code.
void AddAdminCommands(CLI::App& app, int* exit_code);

}  // namespace cohort::cli

#pragma once

#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "services/cli/admin/session.h"

// The groups of commands that AddAdminCommands() puts together, a file each. Exit codes go to *exit_code.
namespace cohort::cli {

// A command that only holds others; `example` is one of theirs.
CLI::App* AddGroup(CLI::App& app, const std::string& name, const std::string& help, const std::string& example);

// Prints the workers that `first` asks for: one page where it names a size, else all of them.
absl::Status ShowWorkers(Session& session, const admin::v1::ListWorkersRequest& first);

void AddLookCommands(CLI::App& app, int* exit_code);
void AddServiceCommands(CLI::App& app, int* exit_code);
void AddWorkerCommands(CLI::App& app, int* exit_code);
void AddQueueCommands(CLI::App& app, int* exit_code);
void AddDeadLetterCommands(CLI::App& app, int* exit_code);
void AddRunControlCommands(CLI::App& app, int* exit_code);  // Below `run`, which must be there.
void AddCheckpointCommands(CLI::App& app, int* exit_code);
void AddSampleCommands(CLI::App& app, int* exit_code);
void AddEventCommands(CLI::App& app, int* exit_code);
void AddOperationCommands(CLI::App& app, int* exit_code);

}  // namespace cohort::cli

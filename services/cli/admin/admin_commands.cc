#include "services/cli/admin/admin_commands.h"

#include <string>

#include "services/cli/admin/command_groups.h"

namespace cohort::cli {

CLI::App* AddGroup(CLI::App& app, const std::string& name, const std::string& help, const std::string& example) {
  CLI::App* group = app.add_subcommand(name, help);
  group->require_subcommand(1);
  group->footer("Example:\n  " + example);
  return group;
}

void AddAdminCommands(CLI::App& app, int* exit_code) {
  AddLookCommands(app, exit_code);
  AddServiceCommands(app, exit_code);
  AddWorkerCommands(app, exit_code);
  AddQueueCommands(app, exit_code);
  AddDeadLetterCommands(app, exit_code);
  AddRunControlCommands(app, exit_code);
  AddCheckpointCommands(app, exit_code);
  AddSampleCommands(app, exit_code);
  AddEventCommands(app, exit_code);
  AddOperationCommands(app, exit_code);
}

}  // namespace cohort::cli

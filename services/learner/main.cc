#include <iostream>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "common/log/log.h"
#include "common/status/exit_code.h"
#include "services/learner/follow/follow_command.h"
#include "services/learner/pretrain/pretrain_command.h"
#include "services/learner/server/run_command.h"

int main(int argc, char** argv) {
  cohort::log::Initialize(argv[0]);
  CLI::App app("The learner of Cohort: trains policies by GRPO, and base models by next-token prediction.", "cohort-learner");
  app.require_subcommand(1);
  absl::Status status;
  cohort::learner::AddRunCommand(app, status);
  cohort::learner::AddFollowCommand(app, status);
  cohort::learner::AddPretrainCommand(app, status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : cohort::kExitUsage;
  }
  if (!status.ok()) std::cerr << "cohort-learner: " << status.message() << std::endl;
  return cohort::ToExitCode(status);
}

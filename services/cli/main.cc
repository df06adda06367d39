#include "CLI/CLI.hpp"
#include "common/rpc/call_trace.h"
#include "services/cli/admin/admin_commands.h"
#include "services/cli/admin/context_commands.h"
#include "services/cli/command/exit_code.h"
#include "services/cli/completion_command.h"
#include "services/cli/config_commands.h"
#include "services/cli/data/data_command.h"
#include "services/cli/evaluate/eval_command.h"
#include "services/cli/generate/generate_command.h"
#include "services/cli/grade_command.h"
#include "services/cli/launch/run_command.h"
#include "services/cli/parse_command.h"
#include "services/cli/pretrain/pretrain_command.h"
#include "services/cli/queue/queue_probe.h"
#include "services/cli/report/report_command.h"

int main(int argc, char** argv) {
  CLI::App app("Cohort trains reasoning into language models by reinforcement learning", "cohort");
  app.set_version_flag("--version", "cohort " COHORT_VERSION);
  app.require_subcommand(1);
  app.footer("Exit code: 0 ok, 1 failed, 2 usage, 3 not found, 4 timeout, 5 unavailable.\n\nExample:\n  cohort run configs/quickstart.yaml");
  // All calls of the main thread belong to one trace.
  const cohort::rpc::TraceScope trace(cohort::rpc::TraceContext::Begin());
  int exit_code = cohort::kExitOk;
  cohort::cli::AddRunCommand(app, &exit_code);
  cohort::cli::AddAdminCommands(app, &exit_code);
  cohort::cli::AddContextCommands(app, &exit_code);
  cohort::cli::AddReportCommand(app, &exit_code);
  cohort::cli::AddGenerateCommand(app, &exit_code);
  cohort::cli::AddEvalCommand(app, &exit_code);
  cohort::cli::AddGradeCommand(app, &exit_code);
  cohort::cli::AddParseCommand(app, &exit_code);
  cohort::cli::AddPretrainCommand(app, &exit_code);
  cohort::cli::AddConfigCommands(app, &exit_code);
  cohort::cli::AddQueueProbe(app, &exit_code);
  cohort::cli::AddDataCommand(app, &exit_code);
  cohort::cli::AddCompletionCommand(app, &exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? cohort::kExitOk : cohort::kExitUsage;
  }
  return exit_code;
}

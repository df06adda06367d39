#include "services/cli/launch/run_command.h"

#include <memory>

#include "services/cli/command/exit_code.h"
#include "services/cli/command/interrupt.h"
#include "services/cli/launch/run_launcher.h"

namespace cohort::cli {

void AddRunCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<RunArguments>();
  CLI::App* command = app.add_subcommand("run", "Train a policy on this machine: starts Redis and the services, shows progress, evaluates before and after");
  command->add_option("CONFIG", arguments->config_path, "The run's YAML file");
  command->add_option("--set", arguments->overrides, "Sets a field of the config: section.field=value; may be repeated")->allow_extra_args(false);
  command->add_option("--seed", arguments->seed, "The same as --set run.seed=N");
  command->add_flag("--resume", arguments->resume, "Go on with the run in its directory; begins one where there is none");
  command->add_flag("--fresh", arguments->fresh, "Start over: a run that the directory holds is moved aside to DIR.1, DIR.2, …");
  command->add_flag("--no-eval", arguments->no_eval, "Skip the evaluation before and after");
  command->add_flag("--allow-weak-isolation", arguments->allow_weak_isolation,
                    "With code rewards (reward.policy: code): run the model's programs although neither gVisor nor Kata stands around them");
  command->add_flag("-q,--quiet", arguments->quiet, "Print only the result");
  command->add_option("--start-timeout", arguments->start_timeout_seconds, "Seconds that a service may take to start [60]")->check(CLI::PositiveNumber);
  command->footer(
      "Ctrl-C stops everything in order; --resume goes on.\n"
      "Exit code: 0 finished, 1 failed, 2 wrong config or data, 3 not found, 4 timeout, 5 unavailable, 130 interrupted.\n\n"
      "Example:\n  cohort run configs/quickstart.yaml\n  cohort run configs/quickstart.yaml --seed 3 --set run.directory=runs/seed-3 --set run.steps=50");
  command->require_subcommand(0, 1);
  command->callback([arguments, exit_code, command] {
    if (!command->get_subcommands().empty()) return;  // `run pause` and the like.
    if (arguments->config_path.empty()) throw CLI::RequiredError("CONFIG");
    CatchInterrupts();
    const absl::Status status = RunLauncher(*arguments).Run();
    *exit_code = absl::IsCancelled(status) && Interrupted() ? 128 + InterruptSignal() : Finish(status);
  });
}

}  // namespace cohort::cli

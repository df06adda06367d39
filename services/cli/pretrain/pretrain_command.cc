#include "services/cli/pretrain/pretrain_command.h"

#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/cli/command/exit_code.h"
#include "services/cli/supervise/service_specs.h"

namespace cohort::cli {
namespace {

struct Arguments {
  std::string config;
  std::vector<std::string> overrides;
};

// Returns only when it failed.
absl::Status BecomeLearner(const Arguments& arguments) {
  COHORT_ASSIGN_OR_RETURN(const std::string program, FindProgram("cohort-learner"));
  std::vector<std::string> command = {program, "pretrain", arguments.config};
  for (const std::string& setting : arguments.overrides) {
    command.push_back("--set");
    command.push_back(setting);
  }
  std::vector<char*> argv;
  for (std::string& argument : command) argv.push_back(argument.data());
  argv.push_back(nullptr);
  execv(program.c_str(), argv.data());
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot start ", program));
}

}  // namespace

void AddPretrainCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("pretrain", "Train a model from random weights on text, and write its Hugging Face checkpoint");
  command->add_option("CONFIG", arguments->config, "The pre-training's YAML file")->required();
  command->add_option("--set", arguments->overrides, "Sets a field of the config: section.field=value; may be repeated")->allow_extra_args(false);
  command->footer("Example:\n  cohort data arithmetic corpus -o corpus.jsonl -n 175000\n  cohort pretrain configs/tiny/pretrain.yaml --set model.seed=1");
  command->callback([arguments, exit_code] { *exit_code = Finish(BecomeLearner(*arguments)); });
}

}  // namespace cohort::cli

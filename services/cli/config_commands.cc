#include "services/cli/config_commands.h"

#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/config/config.h"
#include "common/config/memory.h"
#include "services/cli/command/exit_code.h"
#include "services/cli/command/text_table.h"

namespace cohort::cli {
namespace {

struct Arguments {
  std::string file;
  std::vector<std::string> overrides;
  std::string field;
  bool cluster = false;
};

std::string DerivedText(const config::v1::RunConfig& config) {
  auto quantities = config::Derive(config);
  for (auto& need : config::DeriveMemory(config)) quantities.push_back(std::move(need));
  int width = 0;
  for (const auto& quantity : quantities) width = std::max(width, DisplayWidth(quantity.name));
  std::string text;
  for (const auto& quantity : quantities) {
    absl::StrAppend(&text, "  ", quantity.name, std::string(width - DisplayWidth(quantity.name) + 2, ' '), quantity.value, "\n");
  }
  return text;
}

// What a file is, found out by trying: a run's or a pretraining's. When it is neither, the complaints of the schema that it is closer to.
struct LoadedFile {
  absl::StatusOr<config::v1::RunConfig> run;
  absl::StatusOr<config::v1::PretrainConfig> pretrain;
  absl::Status status;
};

LoadedFile LoadEither(const Arguments& arguments) {
  const config::Placement placement = arguments.cluster ? config::Placement::kSeveralMachines : config::Placement::kOneMachine;
  LoadedFile file{config::LoadRunConfig(arguments.file, arguments.overrides, placement), config::LoadPretrainConfig(arguments.file, arguments.overrides), {}};
  if (file.run.ok() || file.pretrain.ok()) return file;
  const auto complaints = [](const absl::Status& status) { return std::count(status.message().begin(), status.message().end(), '\n'); };
  file.status = complaints(file.run.status()) <= complaints(file.pretrain.status()) ? file.run.status() : file.pretrain.status();
  return file;
}

int Check(const Arguments& arguments) {
  const LoadedFile file = LoadEither(arguments);
  if (file.run.ok()) {
    std::cout << arguments.file << " is a sound configuration of a run.\n" << DerivedText(*file.run) << std::flush;
  } else if (file.pretrain.ok()) {
    std::cout << arguments.file << " is a sound configuration of a pre-training." << std::endl;
  }
  return Finish(file.status);
}

int Show(const Arguments& arguments) {
  const LoadedFile file = LoadEither(arguments);
  if (file.run.ok()) {
    std::cout << config::ToYaml(*file.run) << std::flush;
  } else if (file.pretrain.ok()) {
    std::cout << config::ToYaml(*file.pretrain) << std::flush;
  }
  return Finish(file.status);
}

int Explain(const Arguments& arguments) {
  const auto text = config::Explain(arguments.field);
  if (text.ok()) std::cout << *text << std::flush;
  return Finish(text.status());
}

void AddFileOptions(CLI::App* command, const std::shared_ptr<Arguments>& arguments) {
  command->add_option("FILE", arguments->file, "YAML file for `cohort run` or `cohort pretrain`")->required();
  command->add_option("--set", arguments->overrides, "SECTION.FIELD=VALUE in place of what the file says; may be repeated")->allow_extra_args(false);
}

}  // namespace

void AddConfigCommands(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* config = app.add_subcommand("config", "Check, show and explain configuration files");
  config->require_subcommand(1);
  config->footer("Example:\n  cohort config check configs/quickstart.yaml");

  CLI::App* check = config->add_subcommand("check", "Find everything that is wrong with a file; if nothing is, print what follows from it");
  AddFileOptions(check, arguments);
  check->add_flag("--cluster", arguments->cluster, "For services on machines or in pods of their own, which share no GPU as those of `cohort run` do");
  check->footer("Example:\n  cohort config check configs/quickstart.yaml --set algorithm.group_size=16");
  check->callback([arguments, exit_code] { *exit_code = Check(*arguments); });

  CLI::App* show = config->add_subcommand("show", "Print the whole configuration, defaults filled in, as a file that can be loaded again");
  AddFileOptions(show, arguments);
  show->footer("Example:\n  cohort config show configs/quickstart.yaml");
  show->callback([arguments, exit_code] { *exit_code = Show(*arguments); });

  CLI::App* explain = config->add_subcommand("explain", "Print what a field or a section means, its default and its limits");
  explain->add_option("FIELD", arguments->field, "Such as algorithm.group_size, group_size or algorithm")->required();
  explain->footer("Example:\n  cohort config explain algorithm.kl_estimator");
  explain->callback([arguments, exit_code] { *exit_code = Explain(*arguments); });
}

}  // namespace cohort::cli

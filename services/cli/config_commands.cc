#include "services/cli/config_commands.h"

#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/config/config.h"
#include "services/cli/command/exit_code.h"
#include "services/cli/command/text_table.h"

namespace cohort::cli {
namespace {

struct Arguments {
  std::string file;
  std::vector<std::string> overrides;
  bool pretrain = false;
  std::string field;
};

std::string DerivedText(const config::v1::RunConfig& config) {
  const auto quantities = config::Derive(config);
  int width = 0;
  for (const auto& quantity : quantities) width = std::max(width, DisplayWidth(quantity.name));
  std::string text;
  for (const auto& quantity : quantities) {
    absl::StrAppend(&text, "  ", quantity.name, std::string(width - DisplayWidth(quantity.name) + 2, ' '), quantity.value, "\n");
  }
  return text;
}

// Prints what `print` makes of the loaded file; returns the exit code. A run's file and a pretraining file are told apart by --pretrain.
int WithConfig(const Arguments& arguments, void (*print_run)(const std::string&, const config::v1::RunConfig&),
               void (*print_pretrain)(const std::string&, const config::v1::PretrainConfig&)) {
  if (arguments.pretrain) {
    const auto config = config::LoadPretrainConfig(arguments.file, arguments.overrides);
    if (config.ok()) print_pretrain(arguments.file, *config);
    return Finish(config.status());
  }
  const auto config = config::LoadRunConfig(arguments.file, arguments.overrides);
  if (config.ok()) print_run(arguments.file, *config);
  return Finish(config.status());
}

void AddFileOptions(CLI::App* command, const std::shared_ptr<Arguments>& arguments) {
  command->add_option("FILE", arguments->file, "The configuration, YAML")->required();
  command->add_option("--set", arguments->overrides, "SECTION.FIELD=VALUE in place of what the file says; may be repeated")->allow_extra_args(false);
  command->add_flag("--pretrain", arguments->pretrain, "The file is one for `cohort pretrain`");
}

}  // namespace

void AddConfigCommands(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* config = app.add_subcommand("config", "Check, show and explain configuration files");
  config->require_subcommand(1);
  config->footer("Example:\n  cohort config check configs/quickstart.yaml");

  CLI::App* check = config->add_subcommand("check", "Find everything that is wrong with a file; if nothing is, print what follows from it");
  AddFileOptions(check, arguments);
  check->footer("Example:\n  cohort config check configs/quickstart.yaml --set algorithm.group_size=16");
  check->callback([arguments, exit_code] {
    *exit_code = WithConfig(
        *arguments, [](const std::string& file, const config::v1::RunConfig& run) { std::cout << file << " is fine\n" << DerivedText(run) << std::flush; },
        [](const std::string& file, const config::v1::PretrainConfig&) { std::cout << file << " is fine" << std::endl; });
  });

  CLI::App* show = config->add_subcommand("show", "Print the whole configuration, defaults filled in, as a file that can be loaded again");
  AddFileOptions(show, arguments);
  show->footer("Example:\n  cohort config show configs/quickstart.yaml");
  show->callback([arguments, exit_code] {
    *exit_code = WithConfig(
        *arguments, [](const std::string&, const config::v1::RunConfig& run) { std::cout << config::ToYaml(run) << std::flush; },
        [](const std::string&, const config::v1::PretrainConfig& pretrain) { std::cout << config::ToYaml(pretrain) << std::flush; });
  });

  CLI::App* explain = config->add_subcommand("explain", "Print what a field or a section means, its default and its limits");
  explain->add_option("FIELD", arguments->field, "Such as algorithm.group_size, group_size or algorithm")->required();
  explain->footer("Example:\n  cohort config explain algorithm.kl_estimator");
  explain->callback([arguments, exit_code] {
    const auto text = config::Explain(arguments->field);
    if (text.ok()) std::cout << *text << std::flush;
    *exit_code = Finish(text.status());
  });
}

}  // namespace cohort::cli

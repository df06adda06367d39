#include "services/cli/data/data_command.h"

#include <iostream>
#include <memory>
#include <string>

#include "common/arithmetic/jsonl.h"
#include "services/cli/command/exit_code.h"

namespace cohort::cli {
namespace {

struct Arguments {
  std::string output;
  int64_t count = 0;
  uint64_t seed = 0;
  std::string split = "train";
  arithmetic::CorpusOptions corpus;
};

void AddCommonOptions(CLI::App* command, const std::shared_ptr<Arguments>& arguments) {
  command->add_option("-o,--output", arguments->output, "File to write, JSONL")->required();
  command->add_option("-n,--count", arguments->count, "Lines")->required()->check(CLI::PositiveNumber);
  command->add_option("--seed", arguments->seed, "Seed; equal seeds give equal files [0]");
  command->add_option("--two-digit-share", arguments->corpus.problems.two_digit_share, "Share of two-digit problems, the others have three digits")
      ->capture_default_str();
  command->add_option("--subtraction-share", arguments->corpus.problems.subtraction_share, "Share of subtractions, the others are additions")
      ->capture_default_str();
}

int Done(const absl::Status& status, const Arguments& arguments) {
  if (status.ok()) std::cout << "wrote " << arguments.count << " lines to " << arguments.output << std::endl;
  return Finish(status);
}

void AddCorpusCommand(CLI::App* arithmetic, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = arithmetic->add_subcommand("corpus", "Documents about sums and differences, from which a base model learns to think in steps");
  AddCommonOptions(command, arguments);
  command->add_option("--worked-share", arguments->corpus.worked_share, "Share of documents that doubt a guess and work the problem")->capture_default_str();
  command->add_option("--slip-share", arguments->corpus.slip_share, "Share of wrong steps among worked ones")->capture_default_str();
  command->add_option("--right-guess-share", arguments->corpus.right_guess_share, "Share of right guesses")->capture_default_str();
  command->footer("Example:\n  cohort data arithmetic corpus -o corpus.jsonl -n 175000 --seed 1");
  command->callback([arguments, exit_code] {
    *exit_code = Done(arithmetic::WriteCorpus(arguments->output, arguments->corpus, arguments->count, arguments->seed), *arguments);
  });
}

void AddProblemsCommand(CLI::App* arithmetic, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = arithmetic->add_subcommand("problems", "Problems with answers, for training or held out");
  AddCommonOptions(command, arguments);
  command->add_option("--split", arguments->split, "train or held-out; the two never overlap")->check(CLI::IsMember({"train", "held-out"}))->capture_default_str();
  command->footer("Example:\n  cohort data arithmetic problems -o heldout.jsonl -n 512 --split held-out --seed 2");
  command->callback([arguments, exit_code] {
    const auto split = arguments->split == "train" ? arithmetic::Split::kTraining : arithmetic::Split::kHeldOut;
    *exit_code = Done(arithmetic::WriteProblems(arguments->output, arguments->corpus.problems, split, arguments->count, arguments->seed), *arguments);
  });
}

}  // namespace

void AddDataCommand(CLI::App& app, int* exit_code) {
  CLI::App* data = app.add_subcommand("data", "Make data sets");
  data->require_subcommand(1);
  CLI::App* arithmetic = data->add_subcommand("arithmetic", "Sums and differences, worked digit by digit");
  arithmetic->require_subcommand(1);
  for (CLI::App* group : {data, arithmetic}) group->footer("Example:\n  cohort data arithmetic problems -o problems.jsonl -n 1000");
  AddCorpusCommand(arithmetic, exit_code);
  AddProblemsCommand(arithmetic, exit_code);
}

}  // namespace cohort::cli

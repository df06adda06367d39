#include "services/learner/pretrain/pretrain_command.h"

#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/config/config.h"
#include "common/status/status_macros.h"
#include "services/learner/pretrain/pretrain.h"

namespace cohort::learner {
namespace {

std::string TimeText(double seconds) {
  const int64_t whole = static_cast<int64_t>(seconds + 0.5);
  return whole < 60 ? absl::StrFormat("%d s", whole) : absl::StrFormat("%d min %02d s", whole / 60, whole % 60);
}

// Writes progress to standard output, as often as a person wants to read it.
class ProgressPrinter {
 public:
  explicit ProgressPrinter(bool terminal) : terminal_(terminal) {}

  void Show(const PretrainProgress& progress) {
    const absl::Time now = absl::Now();
    const bool last = progress.step == progress.steps;
    if (!last && progress.step > 1 && now - shown_ < (terminal_ ? absl::Milliseconds(200) : absl::Seconds(10))) return;
    shown_ = now;
    const std::string line =
        absl::StrFormat("step %d/%d  loss %.4f  gradient %.2f  lr %.2e  %.0f tokens/s  %s left", progress.step, progress.steps, progress.loss,
                        progress.gradient_norm, progress.learning_rate, progress.tokens_per_second, TimeText(progress.seconds_left));
    if (terminal_) {
      std::cout << "\r\033[K" << line << (last ? "\n" : "") << std::flush;
    } else {
      std::cout << line << std::endl;
    }
  }

 private:
  const bool terminal_;
  absl::Time shown_ = absl::InfinitePast();
};

absl::Status Pretrain(const std::string& path, const std::vector<std::string>& overrides) {
  COHORT_ASSIGN_OR_RETURN(const config::v1::PretrainConfig config, config::LoadPretrainConfig(path, overrides));
  ProgressPrinter printer(isatty(STDOUT_FILENO) != 0);
  const absl::Time begin = absl::Now();
  COHORT_RETURN_IF_ERROR(RunPretrain(config, [&printer](const PretrainProgress& progress) {
    printer.Show(progress);
    return absl::OkStatus();
  }));
  std::cout << "wrote " << config.model().output() << " after " << TimeText(absl::ToDoubleSeconds(absl::Now() - begin)) << std::endl;
  return absl::OkStatus();
}

}  // namespace

void AddPretrainCommand(CLI::App& app, absl::Status& status) {
  struct Arguments {
    std::string config;
    std::vector<std::string> overrides;
  };
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("pretrain", "Trains a model from random weights on text and writes its Hugging Face checkpoint.");
  command->add_option("config", arguments->config, "YAML file of the run; its fields: cohort config explain")->required()->type_name("CONFIG");
  command->add_option("--set", arguments->overrides, "Replaces one field of the file, as in --set training.steps=100; repeatable")
      ->type_name("SECTION.FIELD=VALUE")
      ->allow_extra_args(false);
  command->footer("Example:\n  cohort-learner pretrain configs/tiny/pretrain.yaml --set model.output=runs/base");
  command->callback([arguments, &status] { status = Pretrain(arguments->config, arguments->overrides); });
}

}  // namespace cohort::learner

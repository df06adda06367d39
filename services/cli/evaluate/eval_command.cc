#include "services/cli/evaluate/eval_command.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/config/config.h"
#include "common/data/prompts.h"
#include "common/model/model_config.h"
#include "common/reward/format/template_name.h"
#include "common/status/status_macros.h"
#include "services/cli/command/exit_code.h"
#include "services/cli/command/interrupt.h"
#include "services/cli/evaluate/eval_report.h"
#include "services/cli/evaluate/evaluator.h"
#include "services/cli/evaluate/private_services.h"
#include "services/cli/evaluate/sampling_options.h"
#include "services/cli/launch/data_check.h"

namespace cohort::cli {
namespace {

// How problems become prompts when nothing else is said. Its files are not read.
config::v1::DataSection PlainForm() {
  config::v1::DataSection form;
  form.set_prompt_template("{prompt}");
  form.set_prompt_column("prompt");
  form.set_answer_column("answer");
  form.set_max_prompt_tokens(std::numeric_limits<int32_t>::max());
  return form;
}

struct Arguments {
  std::string model;
  std::string data;
  std::string config;
  config::v1::DataSection form = PlainForm();
  std::string answer_template = "R1_ZERO";
  bool think_prefilled = false;
  std::string policy = "exact";
  int samples = 1;
  bool greedy = false;
  int64_t limit = 0;
  int workers = 0;
  SamplingOptions sampling;
  std::vector<std::string> self_check_words = {"wait"};
  std::string details;
  bool json = false;
  bool allow_weak_isolation = false;
};

const std::map<std::string, std::string>& TemplateNames() {
  static const auto* names = new std::map<std::string, std::string>{
      {"r1_zero", "R1_ZERO"}, {"r1_released", "R1_RELEASED"}, {"boxed", "BOXED_ONLY"}, {"boxed_only", "BOXED_ONLY"},
      {"gsm8k", "GSM8K_HASH"}, {"dapo", "DAPO_ANSWER"}, {"bare", "BARE_ANSWER"}};
  return *names;
}

// `form` of a config with what the flags say instead.
config::v1::DataSection WithFlags(const CLI::App& command, const config::v1::DataSection& flags, config::v1::DataSection form) {
  const auto given = [&](const char* flag) { return command.count(flag) > 0; };
  if (given("--prompt-template")) form.set_prompt_template(flags.prompt_template());
  if (given("--prompt-column")) form.set_prompt_column(flags.prompt_column());
  if (given("--messages-column")) form.set_messages_column(flags.messages_column());
  if (given("--answer-column")) form.set_answer_column(flags.answer_column());
  if (given("--chat")) form.set_chat(flags.chat());
  if (given("--system-prompt")) form.set_system_prompt(flags.system_prompt());
  if (given("--assistant-prefix")) form.set_assistant_prefix(flags.assistant_prefix());
  return form;
}

// What a run's config says about sampling and grading goes in for every flag that was not given.
absl::Status FillFromConfig(const CLI::App& command, Arguments& arguments) {
  if (arguments.config.empty()) return absl::OkStatus();
  COHORT_ASSIGN_OR_RETURN(const config::v1::RunConfig config, config::LoadRunConfig(arguments.config));
  const auto open = [&](const char* flag) { return command.count(flag) == 0; };
  if (open("--data")) arguments.data = config.data().held_out();
  arguments.form = WithFlags(command, arguments.form, config.data());
  if (open("--template")) arguments.answer_template = reward::v1::Template_Name(config.reward().template_()).substr(std::string("TEMPLATE_").size());
  if (open("--think-prefilled")) arguments.think_prefilled = config.reward().think_prefilled();
  if (open("--policy")) arguments.policy = config.reward().policy();
  if (open("--temperature")) arguments.sampling.temperature = config.rollout().temperature();
  if (open("--top-p")) arguments.sampling.top_p = config.rollout().top_p();
  if (open("--top-k")) arguments.sampling.top_k = config.rollout().top_k();
  if (open("--min-p")) arguments.sampling.min_p = config.rollout().min_p();
  if (open("--max-new-tokens")) arguments.sampling.max_new_tokens = config.rollout().max_new_tokens();
  if (open("--self-check-word")) {
    arguments.self_check_words.assign(config.evaluation().self_check_words().begin(), config.evaluation().self_check_words().end());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<data::PreparedPrompt>> LoadProblems(const Arguments& arguments) {
  if (arguments.data.empty()) return absl::InvalidArgumentError("give --data FILE, or --config FILE that has data.held_out");
  config::v1::RunConfig config;
  *config.mutable_data() = arguments.form;
  config.mutable_rollout()->set_max_new_tokens(arguments.sampling.max_new_tokens);
  config.mutable_reward()->set_think_prefilled(arguments.think_prefilled);
  COHORT_ASSIGN_OR_RETURN(const data::PromptFormat format, data::PromptFormat::Load(arguments.form, arguments.model));
  // Completions may end at the model's last position.
  COHORT_ASSIGN_OR_RETURN(data::PromptSet set, data::LoadPrompts(config, arguments.data, format, /*max_positions=*/0));
  if (const std::string left_out = data::LeftOutText(set); !left_out.empty()) std::cerr << left_out << std::endl;
  return std::move(set.prompts);
}

absl::StatusOr<EvaluationPlan> PlanFor(const Arguments& arguments) {
  EvaluationPlan plan;
  plan.model = arguments.model;
  COHORT_ASSIGN_OR_RETURN(plan.problems, LoadProblems(arguments));
  if (arguments.limit > 0 && static_cast<int64_t>(plan.problems.size()) > arguments.limit) plan.problems.resize(static_cast<size_t>(arguments.limit));
  plan.sampling = arguments.sampling.ToProto();
  plan.samples = arguments.samples;
  plan.greedy = arguments.greedy;
  if (!reward::v1::Template_Parse(absl::StrCat("TEMPLATE_", arguments.answer_template), &plan.answer_template)) {
    return absl::InvalidArgumentError(absl::StrCat("--template ", arguments.answer_template, ": give r1_zero, r1_released, boxed, gsm8k, dapo or bare"));
  }
  plan.think_prefilled = arguments.think_prefilled;
  plan.policy = arguments.policy;
  plan.self_check_words = arguments.self_check_words;
  return plan;
}

absl::Status Evaluate(const CLI::App& command, Arguments arguments) {
  COHORT_RETURN_IF_ERROR(FillFromConfig(command, arguments));
  COHORT_ASSIGN_OR_RETURN(const EvaluationPlan plan, PlanFor(arguments));
  PrivateServices::Options options;
  options.model = arguments.model;
  options.grades_code = reward::AsksForCode(arguments.policy);
  options.allow_weak_isolation = arguments.allow_weak_isolation;
  COHORT_ASSIGN_OR_RETURN(const model::ModelConfig model, model::LoadModelConfig(arguments.model));
  for (const data::PreparedPrompt& problem : plan.problems) {
    const int64_t longest = static_cast<int64_t>(problem.token_ids.size()) + arguments.sampling.max_new_tokens;
    options.max_context = std::max(options.max_context, model::ContextFor(model, longest));
  }
  options.workers = arguments.workers > 0 ? arguments.workers : static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 8u));
  COHORT_ASSIGN_OR_RETURN(const auto services, PrivateServices::Start(options));
  COHORT_RETURN_IF_ERROR(CheckGoldAnswers(services->reward_address(), plan.policy, AnswersOf(plan.problems)));
  Evaluator evaluator(services->rollout_addresses(), services->reward_address());
  Evaluation evaluation;
  const bool terminal = isatty(STDERR_FILENO) != 0 && !arguments.json;
  int shown = -1;
  const auto show = [&] {
    const int percent = static_cast<int>(evaluator.progress() * 100);
    if (terminal && percent != shown) std::cerr << "\r\x1b[K" << "evaluating: " << percent << " %" << std::flush;
    shown = percent;
  };
  const absl::Status status = services->fleet().TickWhile(
      [&](const std::function<bool()>& cancelled) -> absl::Status {
        COHORT_ASSIGN_OR_RETURN(evaluation, evaluator.Run(plan, cancelled));
        return absl::OkStatus();
      },
      show);
  if (terminal) std::cerr << "\r\x1b[K" << std::flush;
  COHORT_RETURN_IF_ERROR(status);
  if (!arguments.details.empty()) COHORT_RETURN_IF_ERROR(SaveEvaluation(evaluation, arguments.details));
  std::cout << (arguments.json ? EvalJson(evaluation).dump(2) + "\n" : EvalTable(evaluation)) << std::flush;
  return absl::OkStatus();
}

// The flags of how problems become prompts, as the fields of the data section of a run's config.
void AddFormOptions(CLI::App* command, config::v1::DataSection& form) {
  command->add_option("--prompt-template", *form.mutable_prompt_template(), "Text the model sees; {prompt} is replaced, \\n is a line break [{prompt}]");
  command->add_option("--prompt-column", *form.mutable_prompt_column(), "Column of the problem [prompt]");
  command->add_option("--messages-column", *form.mutable_messages_column(), "Column of a conversation in place of the problem; needs --chat");
  command->add_option("--answer-column", *form.mutable_answer_column(), "Column of the reference answer [answer]");
  command->add_flag_function("--chat", [&form](int64_t) { form.set_chat(true); }, "Render prompts by the checkpoint's chat template");
  command->add_option("--system-prompt", *form.mutable_system_prompt(), "System turn before every conversation; needs --chat");
  command->add_option("--assistant-prefix", *form.mutable_assistant_prefix(), "How the assistant's turn begins, such as \"<think>\\n\"; needs --chat");
}

}  // namespace

void AddEvalCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("eval", "Measure a checkpoint on problems with answers: pass@1, pass@k, maj@k, format, length");
  command->add_option("--model", arguments->model, "Hugging Face checkpoint directory")->required();
  command->add_option("--data", arguments->data, "Problems: a JSONL or Parquet file, or a directory of them");
  command->add_option("--config", arguments->config, "A run's YAML file; gives data, templates and sampling where no flag does");
  command->add_option("-k,--samples", arguments->samples, "Completions of each problem; 0 for greedy only [1]")->check(CLI::Range(0, 4096));
  command->add_flag("--greedy", arguments->greedy, "Also take the most likely token every time");
  command->add_option("--template", arguments->answer_template, "Shape of a right completion: r1_zero, r1_released, boxed, gsm8k, dapo or bare [r1_zero]")
      ->transform(CLI::Transformer(TemplateNames(), CLI::ignore_case));
  command->add_flag("--think-prefilled", arguments->think_prefilled, "The prompt ends with <think>, completions lack it");
  command->add_option("--policy", arguments->policy, "What counts as equal to a reference answer, as in `cohort grade` [exact]");
  command->add_flag("--allow-weak-isolation", arguments->allow_weak_isolation,
                    "With --policy code: run the model's programs although neither gVisor nor Kata stands around them");
  AddFormOptions(command, arguments->form);
  AddSamplingOptions(command, arguments->sampling);
  command->add_option("--self-check-word", arguments->self_check_words, "Words that count as checking itself [wait]")->allow_extra_args(false);
  command->add_option("--limit", arguments->limit, "Use only the first N problems; 0 uses all [0]")->check(CLI::NonNegativeNumber);
  command->add_option("--workers", arguments->workers, "Rollout workers to start; 0 is one per core, at most 8 [0]")->check(CLI::Range(0, 256));
  command->add_option("-o,--output", arguments->details, "Also write every completion with its verdict to this JSON file");
  command->add_flag("--json", arguments->json, "Print JSON");
  command->footer(
      "Example:\n  cohort eval --model runs/quickstart/model --config configs/quickstart.yaml --samples 8 --greedy\n"
      "  cohort eval --model DIR --data problems.jsonl --template boxed --max-new-tokens 1024 --json");
  command->callback([arguments, command, exit_code] {
    CatchInterrupts();
    for (std::string* text : {arguments->form.mutable_prompt_template(), arguments->form.mutable_system_prompt(), arguments->form.mutable_assistant_prefix()}) {
      *text = WithLineBreaks(*text);
    }
    const absl::Status status = Evaluate(*command, *arguments);
    *exit_code = Interrupted() ? 128 + InterruptSignal() : Finish(status);
  });
}

}  // namespace cohort::cli

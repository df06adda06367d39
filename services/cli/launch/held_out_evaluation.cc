#include "services/cli/launch/held_out_evaluation.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/config/config.h"
#include "common/config/memory.h"
#include "common/model/model_config.h"
#include "common/status/status_macros.h"
#include "services/cli/evaluate/evaluator.h"
#include "services/cli/launch/data_check.h"
#include "services/cli/launch/nccl_environment.h"
#include "services/cli/report/html.h"
#include "services/cli/supervise/service_specs.h"

namespace cohort::cli {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(10);  // For workers to end.

EvaluationPlan PlanFor(const config::v1::RunConfig& config, const std::string& model, const std::vector<data::PreparedPrompt>& problems) {
  EvaluationPlan plan;
  plan.model = model;
  plan.problems = problems;
  plan.samples = config.evaluation().samples();
  plan.answer_template = config.reward().template_();
  plan.think_prefilled = config.reward().think_prefilled();
  plan.policy = config.reward().policy();
  plan.self_check_words.assign(config.evaluation().self_check_words().begin(), config.evaluation().self_check_words().end());
  plan.sampling.set_temperature(static_cast<float>(config.rollout().temperature()));
  plan.sampling.set_top_p(static_cast<float>(config.rollout().top_p()));
  plan.sampling.set_top_k(config.rollout().top_k());
  plan.sampling.set_min_p(static_cast<float>(config.rollout().min_p()));
  plan.sampling.set_max_new_tokens(config.rollout().max_new_tokens());
  plan.sampling.set_seed(config.run().seed());
  return plan;
}

// Whether an evaluation from an earlier start measured what would be measured now.
bool Matches(const Evaluation& evaluation, const EvaluationPlan& plan) {
  if (evaluation.prompts.size() != plan.problems.size() || evaluation.model != plan.model) return false;
  for (size_t i = 0; i < plan.problems.size(); ++i) {
    if (evaluation.prompts[i] != plan.problems[i].text) return false;
  }
  return evaluation.sampled.size() == plan.problems.size() * static_cast<size_t>(plan.samples);
}

std::string OneLine(const Evaluation& evaluation) {
  const EvaluationMetrics sampled = Measure(evaluation.sampled), greedy = Measure(evaluation.greedy);
  return absl::StrFormat("  accuracy %s (greedy %s), format %s, %.1f tokens, checks itself %s  (%s)", Percent(sampled.accuracy), Percent(greedy.accuracy),
                         Percent(sampled.format), sampled.mean_length, Percent(sampled.self_check), HumanDuration(evaluation.seconds));
}

}  // namespace

absl::Status HeldOutEvaluation::Load() {
  COHORT_ASSIGN_OR_RETURN(const data::PromptFormat format, data::PromptFormat::Load(config_.data(), config_.model().path()));
  COHORT_ASSIGN_OR_RETURN(const model::ModelConfig model, model::LoadModelConfig(config_.model().path()));
  COHORT_ASSIGN_OR_RETURN(data::PromptSet set, data::LoadPrompts(config_, config_.data().held_out(), format, model.max_positions));
  if (const std::string left_out = data::LeftOutText(set); !left_out.empty()) view_.Say(absl::StrCat("held-out problems: ", left_out));
  problems_ = std::move(set.prompts);
  max_context_ = model::ContextFor(model, config::LongestSequence(config_));
  if (problems_.size() > static_cast<size_t>(config_.evaluation().problems())) problems_.resize(config_.evaluation().problems());
  return CheckGoldAnswers(reward_address_, config_.reward().policy(), AnswersOf(problems_));
}

std::vector<std::string> HeldOutEvaluation::DeviceFlags(int worker) const {
  const std::string device = config::v1::Device_Name(config_.rollout().device()).substr(sizeof("DEVICE"));
  return {"--device", device, "--gpu", absl::StrCat(GpuOfWorker(config_, worker)), "--kv-megabytes", absl::StrCat(config_.rollout().kv_megabytes()),
          "--max-context", absl::StrCat(max_context_)};
}

absl::StatusOr<Evaluation> HeldOutEvaluation::Evaluate(const std::string& model, const std::string& what) {
  std::vector<ServiceSpec> specs;
  for (int i = 0; i < config_.rollout().workers(); ++i) {
    const StandalonePlace place = {model, config_.rollout().threads(), config_.rollout().max_batch(), DeviceFlags(i)};
    COHORT_ASSIGN_OR_RETURN(ServiceSpec spec, StandaloneSpec(paths_, absl::StrCat("evaluation-", i), place));
    spec.start_timeout = start_timeout_;
    specs.push_back(std::move(spec));
  }
  view_.Say(absl::StrCat("evaluating ", what, " on ", problems_.size(), " held-out problems"));
  COHORT_ASSIGN_OR_RETURN(const std::vector<SupervisedService*> workers, fleet_.StartAll(std::move(specs)));
  std::vector<std::string> addresses;
  for (const SupervisedService* worker : workers) addresses.push_back(worker->address());
  Evaluator evaluator(addresses, reward_address_);
  Evaluation evaluation;
  const auto work = [&](const std::function<bool()>& cancelled) -> absl::Status {
    COHORT_ASSIGN_OR_RETURN(evaluation, evaluator.Run(PlanFor(config_, model, problems_), cancelled));
    return absl::OkStatus();
  };
  const absl::Status status = fleet_.TickWhile(work, [&] { view_.ShowStatus(absl::StrFormat("  %3.0f %% done", evaluator.progress() * 100)); });
  view_.Close(/*erase=*/true);
  fleet_.Stop(workers, kPatience);
  COHORT_RETURN_IF_ERROR(status);
  view_.Say(OneLine(evaluation));
  return evaluation;
}

absl::Status HeldOutEvaluation::Before() {
  const absl::StatusOr<Evaluation> earlier = LoadEvaluation(paths_.evaluation("before"));
  if (earlier.ok() && Matches(*earlier, PlanFor(config_, config_.model().path(), problems_))) return absl::OkStatus();
  COHORT_ASSIGN_OR_RETURN(const Evaluation before, Evaluate(config_.model().path(), "the base model"));
  return SaveEvaluation(before, paths_.evaluation("before"));
}

absl::Status HeldOutEvaluation::After() {
  COHORT_ASSIGN_OR_RETURN(const Evaluation after, Evaluate(paths_.model(), "the trained model"));
  return SaveEvaluation(after, paths_.evaluation("after"));
}

}  // namespace cohort::cli

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/config/config.h"

namespace cohort::config {
namespace {

// "1,250,000".
std::string Count(int64_t value) {
  std::string digits = absl::StrCat(value);
  for (int64_t i = static_cast<int64_t>(digits.size()) - 3; i > 0; i -= 3) digits.insert(static_cast<size_t>(i), 1, ',');
  return digits;
}

std::string Learning(const v1::OptimizerSection& optimizer) {
  std::string text = absl::StrCat("peak ", optimizer.learning_rate());
  if (optimizer.warmup_steps() > 0) absl::StrAppend(&text, " after ", Count(optimizer.warmup_steps()), " steps of warm-up");
  const double end = optimizer.learning_rate() * optimizer.final_ratio();
  if (optimizer.schedule() == v1::LEARNING_RATE_SCHEDULE_CONSTANT) absl::StrAppend(&text, ", then constant");
  if (optimizer.schedule() == v1::LEARNING_RATE_SCHEDULE_COSINE) absl::StrAppend(&text, ", then a cosine down to ", end);
  if (optimizer.schedule() == v1::LEARNING_RATE_SCHEDULE_LINEAR) absl::StrAppend(&text, ", then straight down to ", end);
  return text;
}

std::string Reference(const v1::AlgorithmSection& algorithm) {
  if (algorithm.kl_coefficient() == 0) return "none: algorithm.kl_coefficient is 0";
  if (algorithm.reference_refresh_steps() == 0) return "the first policy, throughout";
  return absl::StrCat("the first policy, renewed every ", Count(algorithm.reference_refresh_steps()), " steps");
}

// The sums of all penalties and of all rewards.
std::string RewardRange(const v1::RewardSection& reward) {
  const double lowest = (reward.overlong_buffer_tokens() > 0 ? -1 : 0) - reward.repetition_weight() - reward.group_length_weight() / 2;
  const double highest = reward.accuracy_weight() + reward.format_weight() + reward.language_consistency_weight() + reward.tag_count_weight() +
                         reward.reasoning_steps_weight() + reward.cosine_length_weight() + reward.group_length_weight() / 2;
  return absl::StrFormat("from %g to %g", lowest, highest);
}

}  // namespace

int64_t LongestSequence(const v1::RunConfig& config) { return int64_t{config.data().max_prompt_tokens()} + config.rollout().max_new_tokens(); }

std::vector<DerivedQuantity> Derive(const v1::RunConfig& config) {
  const auto& algorithm = config.algorithm();
  const auto& rollout = config.rollout();
  const int64_t prompts = algorithm.prompts_per_step(), group = algorithm.group_size(), minibatches = algorithm.minibatches();
  const int64_t samples = prompts * group, steps = config.run().steps(), tokens = rollout.max_new_tokens();
  const int64_t groups_together = rollout.max_batch() / group * rollout.workers();
  std::vector<DerivedQuantity> quantities = {
      {"run directory", config.run().directory()},
      {"samples per step", absl::StrCat(Count(samples), " = ", prompts, " prompts × ", group, " completions")},
      {"samples per update",
       absl::StrCat(Count(samples / minibatches), " = ", samples, " / ", minibatches, minibatches == 1 ? " minibatch" : " minibatches")},
      {"updates of the run", absl::StrCat(Count(steps * minibatches), " = ", steps, " steps × ", minibatches)},
      {"samples of the run", Count(steps * samples)},
      {"completion tokens per step", absl::StrCat("at most ", Count(samples * tokens), " = ", samples, " × ", tokens)},
      {"longest sequence", absl::StrCat("at most ", Count(LongestSequence(config)), " tokens, prompt included")},
      {"groups decoded together", absl::StrCat(Count(groups_together), " = ", rollout.workers(), rollout.workers() == 1 ? " worker" : " workers",
                                               " × ", rollout.max_batch() / group, " (max_batch ", rollout.max_batch(), " / ", group, ")")},
      {"prompts in flight", absl::StrCat("at most ", Count(prompts * (1 + algorithm.max_staleness())), " = ", prompts, " × (1 + max_staleness ",
                                         algorithm.max_staleness(), ")")},
      {"reward of a completion", RewardRange(config.reward())},
      {"reference", Reference(algorithm)},
      {"learning rate", Learning(config.optimizer())},
      {"checkpoints",
       absl::StrCat(Count(steps / config.checkpoint().every_steps()), " on the way, of which the last ", config.checkpoint().keep_last(),
                    config.checkpoint().keep_best() ? " and the best" : "", " are kept, and the final policy")},
  };
  if (const int processes = config.optimizer().data_parallel(); processes > 1) {
    quantities.push_back({"learner processes", absl::StrCat(processes, ": the leader and ", processes - 1, processes == 2 ? " follower" : " followers")});
  }
  const bool evaluated = !config.data().held_out().empty() && config.evaluation().problems() > 0;
  quantities.push_back({"evaluation", !evaluated ? "none: no held-out problems"
                                                 : absl::StrCat("before and after, up to ", Count(config.evaluation().problems()), " problems × ",
                                                                config.evaluation().samples(), " completions, and greedily")});
  return quantities;
}

bool BroadcastsWeights(const v1::RunConfig& config) {
  return config.weights().transport() != v1::WEIGHT_TRANSPORT_GRPC && config.optimizer().device() != v1::DEVICE_CPU;
}

}  // namespace cohort::config

#include "services/learner/schedule/task_builder.h"

#include <algorithm>

#include "services/learner/schedule/group_id.h"

namespace cohort::learner {

Schedule::Options ScheduleOptions(const config::v1::RunConfig& config, int64_t rows) {
  const auto& algorithm = config.algorithm();
  Schedule::Options options;
  options.rows = rows;
  options.seed = config.run().seed();
  options.prompts_per_step = algorithm.prompts_per_step();
  options.max_refill_waves = algorithm.dynamic_sampling() ? algorithm.max_refill_waves() : 0;
  return options;
}

TaskBuilder::TaskBuilder(const config::v1::RunConfig& config, const std::vector<data::PreparedPrompt>& prompts, int64_t incarnation)
    : config_(config), prompts_(prompts), incarnation_(incarnation), schedule_(ScheduleOptions(config, prompts.size())) {}

prompt::v1::PromptTask TaskBuilder::Build(int64_t step, int64_t slot) {
  const int64_t row = schedule_.Row(step, slot);
  const data::PreparedPrompt& prompt = prompts_[row];
  prompt::v1::PromptTask task;
  task.set_group_id(GroupId(config_.run().name(), step, slot));
  task.set_run_id(config_.run().name());
  task.set_incarnation(incarnation_);
  task.set_step(step);
  task.set_slot(slot);
  task.set_row(row);
  task.mutable_prompt_token_ids()->Add(prompt.token_ids.begin(), prompt.token_ids.end());
  task.set_gold_answer(prompt.gold_answer);
  task.set_source(prompt.source);
  task.set_group_size(config_.algorithm().group_size());
  const auto& rollout = config_.rollout();
  auto& sampling = *task.mutable_sampling();
  sampling.set_temperature(static_cast<float>(rollout.temperature()));
  sampling.set_top_p(static_cast<float>(rollout.top_p()));
  sampling.set_top_k(rollout.top_k());
  sampling.set_min_p(static_cast<float>(rollout.min_p()));
  sampling.set_max_new_tokens(rollout.max_new_tokens());
  sampling.set_seed(config_.run().seed());
  task.set_min_policy_version(std::max<int64_t>(0, step - config_.algorithm().max_staleness()));
  task.set_max_policy_version(step);
  task.set_traceparent(traces_.Of(step, slot).Traceparent());
  return task;
}

}  // namespace cohort::learner

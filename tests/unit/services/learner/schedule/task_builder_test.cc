#include "services/learner/schedule/task_builder.h"

#include <set>

#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::learner {
namespace {

using ::testing::ElementsAre;

config::v1::RunConfig Config() {
  config::v1::RunConfig config;
  config.mutable_run()->set_name("run");
  config.mutable_run()->set_seed(11);
  config.mutable_algorithm()->set_prompts_per_step(2);
  config.mutable_algorithm()->set_group_size(4);
  config.mutable_algorithm()->set_max_staleness(3);
  config.mutable_rollout()->set_temperature(0.5);
  config.mutable_rollout()->set_top_p(1);
  config.mutable_rollout()->set_max_new_tokens(7);
  return config;
}

std::vector<data::PreparedPrompt> Prompts() {
  return {{{1, 2, 3}, "a", "10", "d:1", "first set"}, {{4, 5}, "b", "20", "d:2", "second set"}, {{6}, "c", "30", "d:3", "third set"}};
}

TEST(TaskBuilderTest, ATaskHoldsEverythingThatDecidesWhatIsSampled) {
  const config::v1::RunConfig config = Config();
  const std::vector<data::PreparedPrompt> prompts = Prompts();
  TaskBuilder builder(config, prompts, /*incarnation=*/9);
  const prompt::v1::PromptTask task = builder.Build(/*step=*/5, /*slot=*/1);
  const data::PreparedPrompt& prompt = prompts[task.row()];
  EXPECT_EQ(task.group_id(), "run/5/1");
  EXPECT_EQ(task.run_id(), "run");
  EXPECT_EQ(task.incarnation(), 9);
  EXPECT_EQ(task.group_size(), 4);
  EXPECT_EQ(task.gold_answer(), prompt.gold_answer);
  EXPECT_EQ(task.source(), prompt.source);
  EXPECT_EQ(std::vector<int32_t>(task.prompt_token_ids().begin(), task.prompt_token_ids().end()), prompt.token_ids);
  EXPECT_EQ(task.sampling().seed(), 11u);
  EXPECT_EQ(task.sampling().max_new_tokens(), 7);
  EXPECT_FLOAT_EQ(task.sampling().temperature(), 0.5f);
}

TEST(TaskBuilderTest, ATaskThatIsIssuedAgainKeepsItsTraceWhichNoOtherTaskHas) {
  const config::v1::RunConfig config = Config();
  const std::vector<data::PreparedPrompt> prompts = Prompts();
  TaskBuilder builder(config, prompts, 1), next_incarnation(config, prompts, 2);
  std::set<std::string> ids;
  for (int64_t step = 0; step < 20; ++step) {
    for (int64_t slot = 0; slot < 2; ++slot) {
      const std::string header = builder.Build(step, slot).traceparent();
      EXPECT_TRUE(rpc::TraceContext::Parse(header).has_value()) << header;
      EXPECT_EQ(builder.Build(step, slot).traceparent(), header);
      ids.insert(rpc::TraceIdOf(header));
      ids.insert(rpc::TraceIdOf(next_incarnation.Build(step, slot).traceparent()));
    }
  }
  EXPECT_EQ(ids.size(), 80u);
}

TEST(TaskBuilderTest, NothingButIncarnationAndTraceDependsOnTheLearner) {
  const config::v1::RunConfig config = Config();
  const std::vector<data::PreparedPrompt> prompts = Prompts();
  prompt::v1::PromptTask one = TaskBuilder(config, prompts, 1).Build(5, 1), other = TaskBuilder(config, prompts, 2).Build(5, 1);
  EXPECT_NE(one.traceparent(), other.traceparent());
  for (prompt::v1::PromptTask* task : {&one, &other}) {
    task->clear_traceparent();
    task->clear_incarnation();
  }
  EXPECT_EQ(one.SerializeAsString(), other.SerializeAsString());
}

TEST(TaskBuilderTest, PolicyVersionsReachBackByTheStalenessBoundButNotBelowZero) {
  const config::v1::RunConfig config = Config();
  const std::vector<data::PreparedPrompt> prompts = Prompts();
  TaskBuilder builder(config, prompts, 1);
  EXPECT_EQ(builder.Build(1, 0).min_policy_version(), 0);
  EXPECT_EQ(builder.Build(10, 0).min_policy_version(), 7);
  EXPECT_EQ(builder.Build(10, 0).max_policy_version(), 10);
}

TEST(TaskBuilderTest, OnlyDynamicSamplingHasRefillSlots) {
  config::v1::RunConfig config = Config();
  config.mutable_algorithm()->set_max_refill_waves(8);
  EXPECT_EQ(ScheduleOptions(config, 3).max_refill_waves, 0);
  config.mutable_algorithm()->set_dynamic_sampling(true);
  EXPECT_EQ(ScheduleOptions(config, 3).max_refill_waves, 8);
}

}  // namespace
}  // namespace cohort::learner

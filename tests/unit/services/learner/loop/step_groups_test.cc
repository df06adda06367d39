#include "services/learner/loop/step_groups.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace cohort::learner {
namespace {

using ::testing::ElementsAre;

config::v1::RunConfig Config(bool dynamic = false) {
  config::v1::RunConfig config;
  config.mutable_algorithm()->set_prompts_per_step(2);
  config.mutable_algorithm()->set_dynamic_sampling(dynamic);
  config.mutable_reward()->set_accuracy_weight(1);
  config.mutable_rollout()->set_max_new_tokens(40);
  config.mutable_evaluation()->add_self_check_words("wait");
  return config;
}

// Completions with these rewards (1: correct, 0: incorrect, -1: could not be scored).
SlotGroup Slot(int64_t slot, const std::vector<int>& outcomes, int64_t version = 7) {
  SlotGroup result;
  result.group.set_step(7);
  result.group.set_slot(slot);
  result.group.set_group_id("run/7/" + std::to_string(slot));
  for (const int outcome : outcomes) {
    auto& completion = *result.group.add_completions();
    for (int t = 0; t < 4; ++t) completion.add_token_ids(t), completion.add_sampler_logprobs(-1);
    completion.mutable_score()->set_verdict(outcome > 0    ? reward::v1::VERDICT_CORRECT
                                            : outcome == 0 ? reward::v1::VERDICT_INCORRECT
                                                           : reward::v1::VERDICT_INTERNAL);
    completion.set_finish_reason(common::v1::FINISH_REASON_STOP);
    auto& span = *completion.add_versions();
    span.set_policy_version(version);
    span.set_token_count(4);
  }
  result.rewards = ScalarizeGroup(Config(), result.group);
  return result;
}

std::vector<SlotOutcome> Outcomes(const config::v1::RunConfig& config, std::vector<SlotGroup> slots) {
  ChooseOutcomes(config, slots);
  std::vector<SlotOutcome> outcomes;
  for (const SlotGroup& slot : slots) outcomes.push_back(slot.outcome);
  return outcomes;
}

TEST(StepGroupsTest, WithoutDynamicSamplingEveryGroupThatIsThereIsTrainedOn) {
  EXPECT_THAT(Outcomes(Config(), {Slot(0, {1, 1}), Slot(1, {}), Slot(2, {0, 1})}),
              ElementsAre(SlotOutcome::kTrained, SlotOutcome::kGivenUp, SlotOutcome::kTrained));
}

TEST(StepGroupsTest, DynamicSamplingTakesTheFirstGroupsThatTeachSomething) {
  EXPECT_THAT(Outcomes(Config(true), {Slot(0, {1, 1}), Slot(1, {0, 1}), Slot(2, {0, 0}), Slot(3, {1, 0}), Slot(4, {1, 0})}),
              ElementsAre(SlotOutcome::kDropped, SlotOutcome::kTrained, SlotOutcome::kDropped, SlotOutcome::kTrained, SlotOutcome::kDropped));
}

TEST(StepGroupsTest, SpreadIsJudgedWithoutMaskedSamples) {
  EXPECT_TRUE(ZeroSpread(Slot(0, {1, 1, -1}).rewards));
  EXPECT_FALSE(ZeroSpread(Slot(0, {1, -1, 0}).rewards));
  EXPECT_TRUE(ZeroSpread(Slot(0, {1, -1, -1}).rewards));
  EXPECT_TRUE(ZeroSpread(Slot(0, {-1, -1}).rewards));
}

TEST(StepGroupsTest, TheRecordSaysWhatTheSamplesSay) {
  std::vector<SlotGroup> slots = {Slot(0, {1, 0}), Slot(1, {1, -1}, /*version=*/5), Slot(2, {})};
  slots[0].group.mutable_completions(1)->set_finish_reason(common::v1::FINISH_REASON_LENGTH);
  slots[0].group.mutable_completions(0)->set_text("hm wait no");
  slots[0].group.mutable_completions(0)->mutable_score()->set_format_ok(true);
  slots[0].group.set_generate_seconds(2);
  slots[1].group.set_generate_seconds(3);
  ChooseOutcomes(Config(), slots);
  learner::v1::StepRecord record;
  DescribeSamples(Config(), 7, slots, record);
  EXPECT_DOUBLE_EQ(record.reward_mean(), 2.0 / 3);
  EXPECT_NEAR(record.reward_std(), std::sqrt(2.0) / 3, 1e-12);
  EXPECT_DOUBLE_EQ(record.accuracy(), 0.5);
  EXPECT_DOUBLE_EQ(record.format(), 0.25);
  EXPECT_DOUBLE_EQ(record.truncated(), 0.25);
  EXPECT_DOUBLE_EQ(record.self_check(), 0.25);
  EXPECT_DOUBLE_EQ(record.length_mean(), 4);
  EXPECT_EQ(record.masked_samples(), 1);
  EXPECT_EQ(record.samples(), 4);
  EXPECT_DOUBLE_EQ(record.zero_std_groups(), 0.5);
  EXPECT_DOUBLE_EQ(record.staleness_mean(), 1);
  EXPECT_EQ(record.staleness_max(), 2);
  EXPECT_DOUBLE_EQ(record.generate_seconds(), 5);
  ASSERT_EQ(record.length_histogram_size(), 20);
  EXPECT_EQ(record.length_histogram(1), 4);  // Lengths 3 and 4 of 40.
}

TEST(StepGroupsTest, TheLongestCompletionFallsIntoTheLastBin) {
  SlotGroup slot = Slot(0, {1});
  for (int t = 4; t < 40; ++t) slot.group.mutable_completions(0)->add_token_ids(1);
  learner::v1::StepRecord record;
  DescribeSamples(Config(), 7, {slot}, record);
  EXPECT_EQ(record.length_histogram(19), 1);
}

TEST(StepGroupsTest, SamplesKeepTokensRewardsAndMasks) {
  const SampleGroup group = ToSampleGroup(Slot(0, {1, -1}), {9, 8});
  EXPECT_THAT(group.prompt, ElementsAre(9, 8));
  EXPECT_THAT(group.samples[0].completion, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(group.samples[0].sampler_logprobs, ElementsAre(-1, -1, -1, -1));
  EXPECT_EQ(group.samples[0].reward, 1);
  EXPECT_FALSE(group.samples[0].masked);
  EXPECT_TRUE(group.samples[1].masked);
}

TEST(StepGroupsTest, TheLedgerSaysWhatBecameOfEachSlot) {
  std::vector<SlotGroup> slots = {Slot(0, {1, 0}), Slot(1, {})};
  slots[0].group.set_trace_id("4bf92f3577b34da6a3ce929d0e0e4736");
  ChooseOutcomes(Config(), slots);
  const std::string lines = LedgerLines(slots, /*version=*/8);
  const auto first = nlohmann::json::parse(lines.substr(0, lines.find('\n')));
  const auto second = nlohmann::json::parse(lines.substr(lines.find('\n') + 1));
  EXPECT_EQ(first["group_id"], "run/7/0");
  EXPECT_EQ(first["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(first["outcome"], "trained");
  EXPECT_EQ(first["update"], 8);
  EXPECT_EQ(second["outcome"], "given_up");
  EXPECT_TRUE(second["update"].is_null());
}

}  // namespace
}  // namespace cohort::learner

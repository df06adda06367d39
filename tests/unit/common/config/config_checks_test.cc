#include <string>

#include "tests/unit/common/config/config_fixture.h"

namespace cohort::config {
namespace {

using ::cohort::testing::IsOk;
using ::cohort::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ConfigChecksTest : public ConfigFixture {
 protected:
  // kMinimal with `overrides` is refused against `field` of the first option, and the message says `parts`.
  void ExpectRefused(const std::vector<std::string>& overrides, const std::string& field, const std::vector<std::string>& parts) {
    const auto loaded = Load(kMinimal, overrides);
    ASSERT_EQ(loaded.status().code(), absl::StatusCode::kInvalidArgument) << loaded.status();
    const std::string message(loaded.status().message());
    EXPECT_THAT(message, HasSubstr(absl::StrCat(": ", field, ": ")));
    for (const auto& part : parts) EXPECT_THAT(message, HasSubstr(part));
    EXPECT_THAT(message, ::testing::Not(HasSubstr("\n"))) << "one contradiction, one error";
  }
  void ExpectFine(const std::vector<std::string>& overrides) { EXPECT_THAT(Load(kMinimal, overrides), IsOk()); }
};

TEST_F(ConfigChecksTest, TruncatedSamplingIsRefusedInTraining) {
  ExpectRefused({"rollout.top_p=0.9"}, "rollout.top_p", {"is 0.9", "set it to 1"});
  ExpectRefused({"rollout.top_k=50"}, "rollout.top_k", {"is 50", "set it to 0"});
  ExpectRefused({"rollout.min_p=0.05"}, "rollout.min_p", {"is 0.05", "set it to 0"});
}

TEST_F(ConfigChecksTest, MinibatchesMustDivideTheSamplesOfAStep) {
  ExpectRefused({"algorithm.minibatches=5"}, "algorithm.minibatches", {"32 prompts × 8 completions", "cannot be split into 5", "use 4 or 8"});
  ExpectRefused({"algorithm.minibatches=300"}, "algorithm.minibatches", {"use 256"});
  ExpectFine({"algorithm.minibatches=16"});
}

TEST_F(ConfigChecksTest, AContradictionIsReportedWhereTheUserWroteOneOfItsSides) {
  ExpectErrorWith(With("max_new_tokens: 64\n", "max_new_tokens: 64\n  max_batch: 4\n"), 13, "raise max_batch or lower group_size");
  ExpectErrorWith(std::string(kMinimal) + "queue:\n  max_backlog: 31\n", 16, "raise it to at least 32");
}

TEST_F(ConfigChecksTest, WhoSharesAGpuSaysHowMuchTheWorkersTake) {
  ExpectRefused({"rollout.device=CUDA", "optimizer.device=CUDA"}, "optimizer.device", {"take all of GPU 0", "set rollout.kv_megabytes"});
  ExpectFine({"rollout.device=CUDA", "optimizer.device=CUDA", "rollout.kv_megabytes=4096"});
  ExpectRefused({"rollout.device=CUDA", "rollout.workers=2"}, "rollout.workers", {"is 2 on 1 GPU ", "set it, or start one worker a GPU"});
  ExpectFine({"rollout.device=CUDA", "rollout.workers=2", "rollout.gpus=2"});
  ExpectFine({"rollout.device=CUDA", "rollout.workers=1", "rollout.first_gpu=1", "optimizer.device=CUDA"});
  // The way out is a GPU that is free, before the learner's where there is one.
  ExpectRefused({"rollout.device=CUDA", "rollout.workers=1", "rollout.first_gpu=1", "optimizer.device=CUDA", "optimizer.gpu=1"}, "optimizer.gpu",
                {"the learner has GPU 1 ", "rollout.first_gpu to 0"});
  // In pods of their own each has its own GPU 0.
  EXPECT_OK(LoadRunConfig(path_, {"rollout.device=CUDA", "optimizer.device=CUDA", "rollout.workers=2"}, Placement::kSeveralMachines));
}

TEST_F(ConfigChecksTest, FollowersOfTheLearnerAndWorkersThatFillTheirGpusDoNotMeet) {
  const std::vector<std::string> three = {"rollout.device=CUDA", "rollout.workers=1", "optimizer.device=CUDA", "optimizer.data_parallel=3"};
  const auto with = [&three](std::vector<std::string> more) {
    more.insert(more.end(), three.begin(), three.end());
    return more;
  };
  for (const auto& [first, gpus, shared] : {std::tuple{1, 1, 1}, {2, 1, 2}, {0, 1, 0}, {0, 8, 0}}) {
    ExpectRefused(with({absl::StrCat("rollout.first_gpu=", first), absl::StrCat("rollout.gpus=", gpus)}), "optimizer.data_parallel",
                  {"GPUs 0 to 2", absl::StrCat("all of GPU ", shared, " "), "rollout.kv_megabytes", "rollout.first_gpu to 3"});
  }
  ExpectFine(with({"rollout.first_gpu=3"}));
  ExpectFine(with({"rollout.first_gpu=1", "rollout.kv_megabytes=1000"}));
  ExpectFine({"rollout.device=CPU", "optimizer.device=CUDA", "optimizer.data_parallel=3", "rollout.first_gpu=1"});
  ExpectFine({"rollout.device=CUDA", "rollout.workers=1", "optimizer.device=CPU", "optimizer.data_parallel=3", "rollout.first_gpu=1"});
}

TEST_F(ConfigChecksTest, AWholeGroupMustFitIntoAWorker) {
  ExpectRefused({"rollout.max_batch=7"}, "algorithm.group_size", {"group of 8", "decodes 7"});
  ExpectFine({"rollout.max_batch=8"});
}

TEST_F(ConfigChecksTest, DynamicSamplingNeedsStrictlyOnPolicyData) {
  ExpectRefused({"algorithm.dynamic_sampling=true", "algorithm.max_staleness=1"}, "algorithm.dynamic_sampling",
                {"max_staleness 1", "set max_staleness to 0"});
  ExpectFine({"algorithm.dynamic_sampling=true"});
  ExpectFine({"algorithm.max_staleness=1"});
}

TEST_F(ConfigChecksTest, TheOverlongBufferMustLeaveRoomForUnpunishedAnswers) {
  ExpectRefused({"reward.overlong_buffer_tokens=64"}, "reward.overlong_buffer_tokens", {"begins 64", "limit of 64"});
  ExpectFine({"reward.overlong_buffer_tokens=63"});
}

TEST_F(ConfigChecksTest, RefreshingAReferenceThatNothingUsesIsRefused) {
  ExpectRefused({"algorithm.reference_refresh_steps=400", "algorithm.kl_coefficient=0"}, "algorithm.reference_refresh_steps",
                {"kl_coefficient above 0"});
  ExpectFine({"algorithm.reference_refresh_steps=400"});
}

TEST_F(ConfigChecksTest, TheBacklogMustHoldAllTasksInFlight) {
  ExpectRefused({"queue.max_backlog=63", "algorithm.max_staleness=1"}, "queue.max_backlog", {"up to 64 tasks", "at least 64"});
  ExpectFine({"queue.max_backlog=64", "algorithm.max_staleness=1"});
}

TEST_F(ConfigChecksTest, ARewardThatIsAlwaysZeroIsRefused) {
  ExpectRefused({"reward.accuracy_weight=0", "reward.format_weight=0"}, "reward.accuracy_weight", {"nothing to learn"});
  ExpectFine({"reward.accuracy_weight=0"});
}

TEST_F(ConfigChecksTest, AnEndlessLeaseIsRefused) {
  ExpectRefused({"queue.lease_seconds=7200"}, "queue.lease_seconds", {"for every dead worker", "10 to 60"});
  ExpectRefused({"queue.lease_seconds=0.1"}, "queue.lease_seconds", {"at least 0.2"});
}

TEST_F(ConfigChecksTest, AnAddressWithoutPortIsRefused) {
  for (const char* address : {"localhost", ":6379", "localhost:", "localhost:99999", "localhost:http"}) {
    ExpectRefused({absl::StrCat("queue.redis_address=", address)}, "queue.redis_address", {address, "host:port"});
  }
  ExpectFine({"queue.redis_address=127.0.0.1:6379"});
  ExpectFine({"queue.redis_address=rediss://redis.example.com:6380"});
  ExpectRefused({"queue.redis_address=redis://ulla:hunter2@redis:6379"}, "queue.redis_address", {"COHORT_REDIS_PASSWORD_FILE"});
}

TEST_F(ConfigChecksTest, APromptTemplateMustShowTheProblem) {
  ExpectRefused({"data.prompt_template=User: prompt"}, "data.prompt_template", {"{prompt}", "never see the problem"});
}

TEST_F(ConfigChecksTest, PrefilledThinkingMustAgreeWithThePromptTemplate) {
  ExpectRefused({"reward.think_prefilled=true"}, "reward.think_prefilled", {"does not end with <think>"});
  ExpectRefused({"data.prompt_template=\"{prompt} <think>\\n\""}, "data.prompt_template", {"set reward.think_prefilled to true"});
  ExpectFine({"reward.think_prefilled=true", "data.prompt_template={prompt} <think>"});
}

TEST_F(ConfigChecksTest, WhatOnlyAConversationHasNeedsAChat) {
  ExpectRefused({"data.messages_column=messages"}, "data.messages_column", {"set data.chat to true"});
  ExpectRefused({"data.system_prompt=Be brief."}, "data.system_prompt", {"set data.chat to true"});
  ExpectRefused({"data.assistant_prefix=Well,"}, "data.assistant_prefix", {"set data.chat to true"});
  ExpectFine({"data.chat=true", "data.messages_column=messages", "data.system_prompt=Be brief.", "data.assistant_prefix=Well,"});
}

TEST_F(ConfigChecksTest, AConversationHasNoPromptTemplate) {
  ExpectRefused({"data.chat=true", "data.messages_column=messages", "data.prompt_template=Q: {prompt}"}, "data.prompt_template", {"is never used", "delete"});
  ExpectRefused({"data.chat=true", "data.prompt_template=Q"}, "data.prompt_template", {"never see the problem"});
}

TEST_F(ConfigChecksTest, APrefilledTurnThatBeginsToThinkMustBeKnown) {
  ExpectRefused({"data.chat=true", "data.assistant_prefix=\"<think>\\n\""}, "data.assistant_prefix", {"set reward.think_prefilled to true"});
  ExpectFine({"data.chat=true", "data.assistant_prefix=\"<think>\\n\"", "reward.think_prefilled=true"});
  ExpectFine({"data.chat=true", "reward.think_prefilled=true"});  // The chat template may do it.
}

TEST_F(ConfigChecksTest, ColumnsAreNamedAndLengthsLeaveRoom) {
  ExpectRefused({"data.prompt_column=\"\""}, "data.prompt_column", {"name the column of the problem"});
  ExpectRefused({"data.answer_column=\"\""}, "data.answer_column", {"name the column of the reference answer"});
  ExpectRefused({"data.min_prompt_tokens=9", "data.max_prompt_tokens=8"}, "data.min_prompt_tokens", {"at least 9", "at most 8"});
}

TEST_F(ConfigChecksTest, ABareAnswerIsNoTemplateForARun) { ExpectRefused({"reward.template=BARE_ANSWER"}, "reward.template", {"R1_ZERO"}); }

TEST_F(ConfigChecksTest, LeaveOneOutNeedsThreeCompletions) {
  ExpectRefused({"algorithm.advantage=LEAVE_ONE_OUT", "algorithm.group_size=2"}, "algorithm.advantage", {"at least 3", "RLOO"});
  ExpectFine({"algorithm.advantage=LEAVE_ONE_OUT", "algorithm.group_size=3"});
}

TEST_F(ConfigChecksTest, ADualClipBelowOneIsRefused) {
  ExpectRefused({"algorithm.dual_clip=0.5"}, "algorithm.dual_clip", {"above 1"});
  ExpectFine({"algorithm.dual_clip=3"});
}

TEST_F(ConfigChecksTest, ANameThatCannotBeAPrefixIsRefused) {
  for (const char* name : {"a b", "a/b", ".hidden", "ä"}) ExpectRefused({absl::StrCat("run.name=", name)}, "run.name", {name, "letters, digits"});
  ExpectRefused({"run.name=" + std::string(65, 'x')}, "run.name", {"up to 64"});
}

TEST_F(ConfigChecksTest, AnEmptySelfCheckWordIsRefused) {
  ExpectRefused({"evaluation.self_check_words=[wait, '']"}, "evaluation.self_check_words", {"empty word"});
}

}  // namespace
}  // namespace cohort::config

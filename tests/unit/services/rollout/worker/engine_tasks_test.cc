#include "services/rollout/worker/engine_tasks.h"

#include <cstdlib>
#include <memory>
#include <optional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/queue/in_memory_prompt_queue.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/services/rollout/worker/scripted_engine.h"

namespace cohort::rollout {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr HeldPolicy kPolicy{.incarnation = 1, .version = 4};

absl::Time Soon() { return absl::Now() + absl::Seconds(20); }

queue::QueueOptions QueueOptions() {
  queue::QueueOptions options;
  options.run_id = "run";
  options.consumer = "w";
  return options;
}

// A real finisher and a queue within the process; nothing is graded or handed in.
class EngineTasksTest : public ::testing::Test {
 protected:
  EngineTasksTest() {
    const char* source = std::getenv("COHORT_SOURCE");
    auto tokenizer = text::Tokenizer::Load(std::string(source == nullptr ? "." : source) + "/configs/tiny");
    EXPECT_OK(tokenizer);
    tokenizer_ = *std::move(tokenizer);
    EXPECT_OK(queue_.BeginIncarnation(Soon()));
    finisher_ = std::make_unique<GroupFinisher>(FinisherOptions{.worker_id = "w", .learner_address = "127.0.0.1:1", .reward_address = "127.0.0.1:1"}, *tokenizer_, queue_, leases_, metrics_);
    tasks_.emplace(engine_, finisher_.get());
  }

  // A task of `step` that the policies from `first` to `last` may sample, leased and waiting.
  std::shared_ptr<HeldLease> Lease(int64_t step, int64_t first = 4, int64_t last = 4, int32_t token = 7) {
    prompt::v1::PromptTask task;
    task.set_group_id(absl::StrCat("run/", step, "/0"));
    task.set_incarnation(1);
    task.set_step(step);
    task.set_min_policy_version(first);
    task.set_max_policy_version(last);
    task.add_prompt_token_ids(token);
    EXPECT_OK(queue_.Issue({task}, Soon()));
    const auto held = leases_.Hold((*queue_.Take(1, Soon()))[0]);
    tasks_->Add({held});
    return held;
  }

  // Steps of the tasks that can be leased once everything is settled.
  std::vector<int64_t> GivenBack() {
    EXPECT_TRUE(finisher_->WaitUntilDone(Soon()));
    std::vector<int64_t> steps;
    for (const queue::Lease& lease : *queue_.Take(100, absl::Now())) steps.push_back(lease.task.step());
    return steps;
  }

  std::unique_ptr<text::Tokenizer> tokenizer_;
  queue::InMemoryPromptQueue queue_{std::make_shared<queue::InMemoryQueueState>(), QueueOptions()};
  LeaseKeeper leases_{queue_, absl::Seconds(10)};
  metrics::Registry registry_;
  WorkerMetrics metrics_{registry_};
  std::unique_ptr<GroupFinisher> finisher_;
  ScriptedEngine engine_;
  std::optional<EngineTasks> tasks_;
};

TEST_F(EngineTasksTest, ATaskThatWaitsForANewerPolicyLetsOthersPass) {
  Lease(1, /*first=*/5, /*last=*/5);
  Lease(2);
  EXPECT_EQ(tasks_->Place(kPolicy, 1), Placement::kPlaced);
  EXPECT_EQ(engine_.groups[1].step, 2);
  EXPECT_EQ(tasks_->Place(kPolicy, 2), Placement::kNone);
  EXPECT_EQ(tasks_->waiting(), 1);
  ASSERT_THAT(tasks_->Running(), SizeIs(1));
  EXPECT_EQ(tasks_->Running()[0]->step(), 2);
}

TEST_F(EngineTasksTest, AFullEngineLeavesATaskWaiting) {
  engine_.room = 0;
  Lease(1);
  EXPECT_EQ(tasks_->Place(kPolicy, 1), Placement::kFull);
  EXPECT_EQ(tasks_->waiting(), 1);
  engine_.room = 1;
  EXPECT_EQ(tasks_->Place(kPolicy, 1), Placement::kPlaced);
}

TEST_F(EngineTasksTest, ATaskThatTheEngineRefusesIsBuriedAndOneThatCameTooLateAcknowledged) {
  Lease(1, 4, 4, ScriptedEngine::kRefused);
  Lease(2, 1, 3);
  EXPECT_EQ(tasks_->Place(kPolicy, 1), Placement::kEnded);
  EXPECT_EQ(tasks_->Place(kPolicy, 1), Placement::kEnded);
  EXPECT_EQ(tasks_->Place(kPolicy, 1), Placement::kNone);
  EXPECT_TRUE(finisher_->WaitUntilDone(Soon()));
  const auto letters = *queue_.DeadLetters(10, Soon());
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].task().step(), 1);
  EXPECT_EQ(letters[0].reason(), "makes no sense");
  EXPECT_THAT(*queue_.PendingGroups(Soon()), SizeIs(0));
}

TEST_F(EngineTasksTest, WhatWasLostLosesItsPlaceOrNeverGetsOne) {
  const auto placed = Lease(1);
  tasks_->Place(kPolicy, 1);
  const auto waiting = Lease(2);
  placed->lost = waiting->lost = true;
  tasks_->DropLost();
  EXPECT_FALSE(tasks_->any_running());
  EXPECT_EQ(tasks_->waiting(), 0);
  EXPECT_TRUE(engine_.groups.empty());
  EXPECT_EQ(leases_.held(), 0);
}

TEST_F(EngineTasksTest, TheLaterHalfThatIsGivenBackIsThatOfLaterSteps) {
  for (const int64_t step : {4, 1, 3, 2}) Lease(step);
  tasks_->ReleaseLaterHalf();
  EXPECT_EQ(tasks_->waiting(), 2);
  EXPECT_THAT(GivenBack(), UnorderedElementsAre(3, 4));
}

TEST_F(EngineTasksTest, TasksWithAPlaceAreGivenBackOrForgottenAndTheirPlacesAreFree) {
  Lease(1);
  tasks_->Place(kPolicy, 1);
  tasks_->ReleaseRunning();
  EXPECT_TRUE(engine_.groups.empty());
  EXPECT_THAT(GivenBack(), ElementsAre(1));

  Lease(2);
  tasks_->Place(kPolicy, 2);
  tasks_->DropRunning();
  EXPECT_TRUE(engine_.groups.empty());
  EXPECT_FALSE(tasks_->any_running());
  EXPECT_THAT(GivenBack(), SizeIs(0));
  FinishedGroup group{.id = 2};
  EXPECT_FALSE(tasks_->Finish(group));
}

}  // namespace
}  // namespace cohort::rollout

#include "services/rollout/worker/engine_tasks.h"

#include <memory>
#include <vector>

#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/services/rollout/worker/leased_tasks.h"
#include "tests/unit/services/rollout/worker/scripted_engine.h"

namespace cohort::rollout {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr HeldPolicy kPolicy{.incarnation = 1, .version = 4};

std::vector<int64_t> StepsOf(const std::vector<queue::Lease>& leases) {
  std::vector<int64_t> steps;
  for (const queue::Lease& lease : leases) steps.push_back(lease.task.step());
  return steps;
}

class EngineTasksTest : public ::testing::Test {
 protected:
  // A task as LeasedTasks::Lease() makes them, waiting.
  std::shared_ptr<HeldLease> Lease(int64_t step, int64_t first = 4, int64_t last = 4, int32_t token = 7) {
    const auto held = leased_.Lease(step, first, last, token);
    tasks_.Add({held});
    return held;
  }

  LeasedTasks leased_;
  ScriptedEngine engine_;
  EngineTasks tasks_{engine_, leased_.finisher.get()};
};

TEST_F(EngineTasksTest, ATaskThatWaitsForANewerPolicyLetsOthersPass) {
  Lease(1, /*first=*/5, /*last=*/5);
  Lease(2);
  EXPECT_EQ(tasks_.Place(kPolicy, 1), Placement::kPlaced);
  EXPECT_EQ(engine_.groups[1].step, 2);
  EXPECT_EQ(tasks_.Place(kPolicy, 2), Placement::kNone);
  EXPECT_EQ(tasks_.waiting(), 1);
  ASSERT_THAT(tasks_.Running(), SizeIs(1));
  EXPECT_EQ(tasks_.Running()[0]->step(), 2);
}

TEST_F(EngineTasksTest, AFullEngineLeavesATaskWaiting) {
  engine_.room = 0;
  Lease(1);
  EXPECT_EQ(tasks_.Place(kPolicy, 1), Placement::kFull);
  EXPECT_EQ(tasks_.waiting(), 1);
  engine_.room = 1;
  EXPECT_EQ(tasks_.Place(kPolicy, 1), Placement::kPlaced);
}

TEST_F(EngineTasksTest, ATaskThatTheEngineRefusesIsBuriedAndOneThatCameTooLateAcknowledged) {
  Lease(1, 4, 4, ScriptedEngine::kRefused);
  Lease(2, 1, 3);
  EXPECT_EQ(tasks_.Place(kPolicy, 1), Placement::kEnded);
  EXPECT_EQ(tasks_.Place(kPolicy, 1), Placement::kEnded);
  EXPECT_EQ(tasks_.Place(kPolicy, 1), Placement::kNone);
  EXPECT_TRUE(leased_.finisher->WaitUntilDone(LeasedTasks::Soon()));
  const auto letters = *leased_.queue.DeadLetters(10, LeasedTasks::Soon());
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].task().step(), 1);
  EXPECT_EQ(letters[0].reason(), "makes no sense");
  EXPECT_THAT(*leased_.queue.PendingGroups(LeasedTasks::Soon()), SizeIs(0));
}

TEST_F(EngineTasksTest, WhatWasLostLosesItsPlaceOrNeverGetsOne) {
  const auto placed = Lease(1);
  tasks_.Place(kPolicy, 1);
  const auto waiting = Lease(2);
  placed->lost = waiting->lost = true;
  tasks_.DropLost();
  EXPECT_FALSE(tasks_.any_running());
  EXPECT_EQ(tasks_.waiting(), 0);
  EXPECT_TRUE(engine_.groups.empty());
  EXPECT_EQ(leased_.leases.held(), 0);
}

TEST_F(EngineTasksTest, TheLaterHalfThatIsGivenBackIsThatOfLaterSteps) {
  for (const int64_t step : {4, 1, 3, 2}) Lease(step);
  tasks_.ReleaseLaterHalf();
  EXPECT_EQ(tasks_.waiting(), 2);
  EXPECT_THAT(StepsOf(leased_.GivenBack()), UnorderedElementsAre(3, 4));
}

TEST_F(EngineTasksTest, TasksWithAPlaceAreGivenBackOrForgottenAndTheirPlacesAreFree) {
  Lease(1);
  tasks_.Place(kPolicy, 1);
  tasks_.ReleaseRunning();
  EXPECT_TRUE(engine_.groups.empty());
  EXPECT_THAT(StepsOf(leased_.GivenBack()), ElementsAre(1));

  Lease(2);
  tasks_.Place(kPolicy, 2);
  tasks_.DropRunning();
  EXPECT_TRUE(engine_.groups.empty());
  EXPECT_FALSE(tasks_.any_running());
  EXPECT_THAT(StepsOf(leased_.GivenBack()), SizeIs(0));
  FinishedGroup group{.id = 2};
  EXPECT_FALSE(tasks_.Finish(group));
}

TEST_F(EngineTasksTest, TasksOfAnEngineThatFailedAreLeftBehindAndThatCountsAsAnAttempt) {
  Lease(1);
  tasks_.Place(kPolicy, 1);
  tasks_.LeaveRunning();
  EXPECT_FALSE(tasks_.any_running());
  EXPECT_THAT(engine_.groups, SizeIs(1)) << "a failed engine is not spoken to";
  EXPECT_EQ(leased_.leases.held(), 0);
  EXPECT_THAT(leased_.GivenBack(), SizeIs(0));
  const auto left = leased_.LeftBehind();
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_EQ(left[0].attempt, 2);
}

}  // namespace
}  // namespace cohort::rollout

#include "services/rollout/worker/engine_loop.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/services/rollout/worker/leased_tasks.h"
#include "tests/unit/services/rollout/worker/scripted_engine.h"

namespace cohort::rollout {
namespace {

using cohort::testing::StatusIs;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

constexpr absl::Duration kPatience = absl::Seconds(30);

// A lease of the task of `step`, of this attempt.
MATCHER_P2(Is, step, attempt, "") { return arg.task.step() == step && arg.attempt == attempt; }

std::unique_ptr<WeightSource> SomeWeights() {
  auto snapshot = std::make_shared<policy::PolicySnapshot>();
  snapshot->incarnation = 1;
  snapshot->version = 4;
  snapshot->weights = std::make_shared<const model::Arena>(1);
  return MakeFixedWeights(std::move(snapshot));
}

class EngineLoopTest : public ::testing::Test {
 protected:
  std::unique_ptr<EngineLoop> LoopWith(absl::Status weights, absl::Status step) {
    EngineLoop::Options options;
    options.on_failure = [this] { failed_.Notify(); };
    return std::make_unique<EngineLoop>(std::make_unique<ScriptedEngine>(std::move(weights), std::move(step)), *weights_, leased_.finisher.get(), leased_.metrics,
                                        std::move(options));
  }

  LeasedTasks leased_;
  const std::unique_ptr<WeightSource> weights_ = SomeWeights();
  absl::Notification failed_;
};

TEST_F(EngineLoopTest, AStepThatFailsEndsTheLoopAndWhatWasInIt) {
  const auto loop = LoopWith(absl::OkStatus(), absl::InternalError("an illegal memory access"));
  const auto job = std::make_shared<GenerateJob>(std::vector<GroupRequest>(2));
  ASSERT_TRUE(loop->AddGenerate(job).ok());
  ASSERT_TRUE(failed_.WaitForNotificationWithTimeout(kPatience));
  EXPECT_THAT(loop->failure(), StatusIs(absl::StatusCode::kInternal, HasSubstr("a decode step failed: an illegal memory access")));
  EXPECT_THAT(job->events.Pop(absl::Now() + kPatience), StatusIs(absl::StatusCode::kCancelled)) << "nothing of a failed step is passed on";
  EXPECT_THAT(loop->AddGenerate(job), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("stops")));
  EXPECT_EQ(loop->WaitForRoom(absl::Now()), 0);
}

TEST_F(EngineLoopTest, AStepThatFailsCountsAsAnAttemptOfTheTasksInItAndOfNoOthers) {
  const auto loop = LoopWith(absl::OkStatus(), absl::InternalError("an illegal memory access"));
  loop->AddTask(leased_.Lease(/*step=*/2, /*first=*/5, /*last=*/5));  // Waits.
  loop->AddTask(leased_.Lease(/*step=*/1));
  ASSERT_TRUE(failed_.WaitForNotificationWithTimeout(kPatience));
  loop->AddTask(leased_.Lease(/*step=*/3));
  const auto given_back = leased_.GivenBack();
  EXPECT_THAT(given_back, UnorderedElementsAre(Is(2, 1), Is(3, 1)));
  EXPECT_EQ(leased_.leases.held(), 0);
  EXPECT_THAT(leased_.LeftBehind(), Contains(Is(1, 2)));
}

TEST_F(EngineLoopTest, WeightsThatTheEngineCannotTakeEndTheLoop) {
  const auto loop = LoopWith(absl::InternalError("no such memory"), absl::OkStatus());
  ASSERT_TRUE(failed_.WaitForNotificationWithTimeout(kPatience));
  EXPECT_THAT(loop->failure(), StatusIs(absl::StatusCode::kInternal, HasSubstr("cannot be used: no such memory")));
}

TEST_F(EngineLoopTest, AnEngineThatWorksHasNotFailedWhenTheLoopEnds) {
  const auto loop = LoopWith(absl::OkStatus(), absl::OkStatus());
  loop->Drain(absl::InfinitePast());
  EXPECT_TRUE(loop->failure().ok());
  EXPECT_FALSE(failed_.HasBeenNotified());
}

}  // namespace
}  // namespace cohort::rollout

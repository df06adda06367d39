#include "services/reward/sandbox/check_queue.h"

#include <string>

#include "common/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "services/reward/sandbox/limits.h"

namespace cohort::reward {
namespace {

using cohort::testing::StatusIs;

std::vector<QueuedCheck> Checks(size_t count, std::string_view completion = "") {
  CheckInput check;
  check.completion = completion;
  const auto job = std::make_shared<Job>(std::vector<CheckInput>(count, check), [](const auto&) {});
  std::vector<QueuedCheck> checks;
  for (size_t i = 0; i < count; ++i) checks.push_back({job, i});
  return checks;
}

TEST(CheckQueueTest, GivesBatchesOfAtMostThirtyTwoInOrder) {
  CheckQueue queue(1'000);
  ASSERT_OK(queue.Add(Checks(40)));
  const auto first = queue.Take(1), second = queue.Take(1);
  ASSERT_EQ(first.size(), kMaxBatchChecks);
  ASSERT_EQ(second.size(), 40 - kMaxBatchChecks);
  EXPECT_EQ(first.front().index, 0u);
  EXPECT_EQ(second.front().index, kMaxBatchChecks);
}

TEST(CheckQueueTest, SharesAFewChecksAmongAllWorkers) {
  CheckQueue queue(1'000);
  ASSERT_OK(queue.Add(Checks(8)));
  EXPECT_EQ(queue.Take(4).size(), 2u);
}

TEST(CheckQueueTest, CutsABatchAtItsBytesAndLetsALargeCheckTravelAlone) {
  CheckQueue queue(1'000);
  const std::string half(kMaxBatchBytes / 2, 'x'), large(2 * kMaxBatchBytes, 'x');
  ASSERT_OK(queue.Add(Checks(3, half)));
  ASSERT_OK(queue.Add(Checks(1, large)));
  EXPECT_EQ(queue.Take(1).size(), 1u) << "two halves and their headers are more than a batch";
  EXPECT_EQ(queue.Take(1).size(), 1u);
  EXPECT_EQ(queue.Take(1).size(), 1u);
  EXPECT_EQ(queue.Take(1).size(), 1u);
  EXPECT_EQ(queue.depth(), 0u);
}

TEST(CheckQueueTest, RefusesWhatDoesNotFitAndSaysWhenToComeBack) {
  CheckQueue queue(4);
  ASSERT_OK(queue.Add(Checks(3)));
  const absl::Status refused = queue.Add(Checks(2));
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_GT(RetryDelay(refused, absl::ZeroDuration()), absl::ZeroDuration());
  EXPECT_OK(queue.Add(Checks(1)));
  EXPECT_EQ(queue.depth(), 4u);
}

TEST(CheckQueueTest, AnEmptyQueueTakesABatchLargerThanItself) {
  CheckQueue queue(4);
  EXPECT_OK(queue.Add(Checks(10)));
}

TEST(CheckQueueTest, ABatchThatWaitsOutsideComesInWhenThereIsRoomAndGoesFirst) {
  CheckQueue queue(4);
  ASSERT_OK(queue.Add(Checks(4)));
  EXPECT_TRUE(queue.AddWhenRoom(Checks(2)).empty());
  EXPECT_EQ(queue.depth(), 4u);
  EXPECT_THAT(queue.Add(Checks(1)), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(queue.Take(2).size(), 2u);
  EXPECT_EQ(queue.depth(), 4u);
}

TEST(CheckQueueTest, WhatIsPutBackComesNext) {
  CheckQueue queue(100);
  ASSERT_OK(queue.Add(Checks(10)));
  std::vector<QueuedCheck> taken = queue.Take(5);
  ASSERT_EQ(taken.size(), 2u);
  EXPECT_TRUE(queue.PutBack(std::move(taken)).empty());
  EXPECT_EQ(queue.Take(10).front().index, 0u);
}

TEST(CheckQueueTest, ClosingEndsTakeAndGivesBackEverything) {
  CheckQueue queue(4);
  ASSERT_OK(queue.Add(Checks(4)));
  EXPECT_TRUE(queue.AddWhenRoom(Checks(3)).empty());
  EXPECT_EQ(queue.Close().size(), 7u);
  EXPECT_TRUE(queue.Take(1).empty());
  EXPECT_THAT(queue.Add(Checks(1)), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(queue.AddWhenRoom(Checks(2)).size(), 2u);
  EXPECT_EQ(queue.PutBack(Checks(3)).size(), 3u);
}

TEST(JobTest, IsDoneOnceWhenTheLastOutcomeIsThere) {
  int done = 0;
  Job job(std::vector<CheckInput>(2), [&](const std::vector<CheckOutcome>& outcomes) {
    ++done;
    EXPECT_EQ(outcomes[0].micros, 10u);
    EXPECT_EQ(outcomes[1].micros, 11u);
  });
  CheckOutcome outcome;
  outcome.micros = 11;
  job.Complete(1, outcome);
  EXPECT_EQ(done, 0);
  outcome.micros = 10;
  job.Complete(0, outcome);
  EXPECT_EQ(done, 1);
}

}  // namespace
}  // namespace cohort::reward

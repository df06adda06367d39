#include "common/sync/bounded_queue.h"

#include <memory>
#include <vector>

#include "absl/time/clock.h"
#include "common/sync/thread.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::sync {
namespace {

using ::cohort::testing::IsOkAndHolds;
using ::cohort::testing::StatusIs;

absl::Time In(int milliseconds) { return absl::Now() + absl::Milliseconds(milliseconds); }

TEST(BoundedQueueTest, DeliversInOrder) {
  BoundedQueue<int> queue(3);
  for (int i = 0; i < 3; ++i) ASSERT_OK(queue.Push(i, In(1000)));
  for (int i = 0; i < 3; ++i) EXPECT_THAT(queue.Pop(In(1000)), IsOkAndHolds(i));
}

TEST(BoundedQueueTest, FullQueueMakesTheProducerWaitUntilItsDeadline) {
  BoundedQueue<int> queue(1);
  ASSERT_OK(queue.Push(1, In(1000)));
  EXPECT_THAT(queue.Push(2, In(20)), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(queue.size(), 1);
}

TEST(BoundedQueueTest, ConsumerLetsAWaitingProducerIn) {
  BoundedQueue<int> queue(1);
  ASSERT_OK(queue.Push(1, In(1000)));
  Thread consumer("consumer", [&] { EXPECT_THAT(queue.Pop(In(10000)), IsOkAndHolds(1)); });
  EXPECT_OK(queue.Push(2, In(10000)));
}

TEST(BoundedQueueTest, EmptyQueueMakesTheConsumerWaitUntilItsDeadline) {
  BoundedQueue<int> queue(1);
  EXPECT_THAT(queue.Pop(In(20)), StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST(BoundedQueueTest, CloseDeliversWhatIsInsideAndThenCancels) {
  BoundedQueue<int> queue(2);
  ASSERT_OK(queue.Push(7, In(1000)));
  queue.Close();
  EXPECT_THAT(queue.Push(8, In(1000)), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(queue.Pop(In(1000)), IsOkAndHolds(7));
  EXPECT_THAT(queue.Pop(In(1000)), StatusIs(absl::StatusCode::kCancelled));
}

TEST(BoundedQueueTest, CloseWakesAWaitingConsumer) {
  BoundedQueue<int> queue(1);
  Thread closer("closer", [&] { queue.Close(); });
  EXPECT_THAT(queue.Pop(In(10000)), StatusIs(absl::StatusCode::kCancelled));
}

TEST(BoundedQueueTest, TryPushLeavesTheItemWhenThereIsNoRoom) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  auto first = std::make_unique<int>(1), second = std::make_unique<int>(2);
  EXPECT_TRUE(queue.TryPush(std::move(first)));
  EXPECT_FALSE(queue.TryPush(std::move(second)));
  EXPECT_NE(second, nullptr);
  EXPECT_NE(queue.TryPop(), std::nullopt);
  EXPECT_EQ(queue.TryPop(), std::nullopt);
}

TEST(BoundedQueueTest, ManyProducersAndConsumersLoseAndDoubleNothing) {
  BoundedQueue<int> queue(4);
  constexpr int kPerProducer = 500;
  std::vector<Thread> producers, consumers;
  std::vector<int64_t> sums(3, 0);
  for (int producer = 0; producer < 3; ++producer) {
    producers.emplace_back("producer", [&] {
      for (int i = 1; i <= kPerProducer; ++i) EXPECT_OK(queue.Push(i, In(20000)));
    });
  }
  for (int64_t& sum : sums) {
    consumers.emplace_back("consumer", [&] {
      for (auto item = queue.Pop(In(20000)); item.ok(); item = queue.Pop(In(20000))) sum += *item;
    });
  }
  for (Thread& producer : producers) producer.Join();
  queue.Close();
  for (Thread& consumer : consumers) consumer.Join();
  EXPECT_EQ(sums[0] + sums[1] + sums[2], int64_t{3} * kPerProducer * (kPerProducer + 1) / 2);
}

}  // namespace
}  // namespace cohort::sync

// What only the queue in memory can be asked; what every queue promises is tested in tests/integration/queue.
#include "common/queue/in_memory_prompt_queue.h"

#include "absl/time/clock.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::queue {
namespace {

using ::cohort::testing::IsOkAndHolds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Duration kLease = absl::Seconds(10);

absl::Time Soon() { return absl::Now() + absl::Seconds(20); }
absl::Time Now() { return absl::Now(); }

class InMemoryPromptQueueTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(learner_.BeginIncarnation(Soon()));
    prompt::v1::PromptTask task;
    task.set_group_id("g");
    ASSERT_OK(learner_.Issue({task}, Soon()));
  }

  absl::Time now_ = absl::UnixEpoch();
  const std::shared_ptr<InMemoryQueueState> state_ = std::make_shared<InMemoryQueueState>([this] { return now_; });
  InMemoryPromptQueue learner_{state_, {.consumer = "learner"}};
  InMemoryPromptQueue first_{state_, {.consumer = "first", .lease = kLease}};
  InMemoryPromptQueue second_{state_, {.consumer = "second", .lease = kLease}};
};

TEST_F(InMemoryPromptQueueTest, LeaseEndsExactlyWhenTheClockSaysSo) {
  ASSERT_THAT(first_.Take(1, Soon()), IsOkAndHolds(SizeIs(1)));
  now_ += kLease - absl::Nanoseconds(1);
  EXPECT_THAT(second_.Take(1, Now()), IsOkAndHolds(IsEmpty()));
  now_ += absl::Nanoseconds(1);
  EXPECT_THAT(second_.Take(1, Now()), IsOkAndHolds(SizeIs(1)));
}

TEST_F(InMemoryPromptQueueTest, AgeOfTheOldestTaskFollowsTheClock) {
  now_ += absl::Seconds(42);
  ASSERT_OK_AND_ASSIGN(const QueueStats stats, learner_.Stats(Soon()));
  EXPECT_EQ(stats.oldest_age, absl::Seconds(42));
}

TEST_F(InMemoryPromptQueueTest, QueueOutlivesTheObjectsThatUseIt) {
  { InMemoryPromptQueue gone(state_, {.consumer = "gone", .lease = kLease}); }
  EXPECT_THAT(first_.PendingGroups(Soon()), IsOkAndHolds(SizeIs(1)));
}

}  // namespace
}  // namespace cohort::queue

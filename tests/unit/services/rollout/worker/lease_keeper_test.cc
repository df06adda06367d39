#include "services/rollout/worker/lease_keeper.h"

#include <atomic>
#include <memory>
#include <vector>

#include "absl/time/clock.h"
#include "common/queue/in_memory_prompt_queue.h"
#include "common/testing/status_matchers.h"

namespace cohort::rollout {
namespace {

using ::testing::SizeIs;

constexpr absl::Duration kLease = absl::Milliseconds(400);  // Long enough that a busy machine still renews in time.

absl::Time Soon() { return absl::Now() + absl::Seconds(10); }

class LeaseKeeperTest : public ::testing::Test {
 protected:
  LeaseKeeperTest() {
    EXPECT_OK(queue_.BeginIncarnation(Soon()));
    prompt::v1::PromptTask task;
    task.set_group_id("run/0/0");
    task.set_incarnation(1);
    EXPECT_OK(queue_.Issue({task}, Soon()));
  }

  queue::QueueOptions Options(const std::string& consumer) {
    queue::QueueOptions options;
    options.run_id = "run";
    options.consumer = consumer;
    options.lease = kLease;
    return options;
  }

  std::shared_ptr<queue::InMemoryQueueState> state_ = std::make_shared<queue::InMemoryQueueState>();
  queue::InMemoryPromptQueue queue_{state_, Options("holder")};
  queue::InMemoryPromptQueue other_{state_, Options("other")};
};

TEST_F(LeaseKeeperTest, AHeldLeaseOutlivesItsLength) {
  LeaseKeeper keeper(queue_, kLease);
  auto leases = *queue_.Take(1, Soon());
  ASSERT_THAT(leases, SizeIs(1));
  const auto held = keeper.Hold(leases[0]);
  EXPECT_THAT(*other_.Take(1, absl::Now() + 2.5 * kLease), SizeIs(0));
  EXPECT_FALSE(held->lost);
}

TEST_F(LeaseKeeperTest, ALeaseThatIsLetGoRunsOut) {
  LeaseKeeper keeper(queue_, kLease);
  const auto held = keeper.Hold((*queue_.Take(1, Soon()))[0]);
  EXPECT_EQ(keeper.held(), 1);
  keeper.LetGo(held);
  EXPECT_EQ(keeper.held(), 0);
  EXPECT_THAT(*other_.Take(1, Soon()), SizeIs(1));
}

TEST_F(LeaseKeeperTest, ALeaseThatAnotherWorkerTookIsMarkedLost) {
  const auto lease = (*queue_.Take(1, Soon()))[0];
  ASSERT_THAT(*other_.Take(1, Soon()), SizeIs(1));
  LeaseKeeper keeper(queue_, kLease);
  const auto held = keeper.Hold(lease);
  for (const absl::Time deadline = Soon(); !held->lost && absl::Now() < deadline;) absl::SleepFor(absl::Milliseconds(5));
  EXPECT_TRUE(held->lost);
}

}  // namespace
}  // namespace cohort::rollout

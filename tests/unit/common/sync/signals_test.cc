#include "common/sync/signals.h"

#include <signal.h>

#include "absl/time/clock.h"
#include "common/sync/bounded_queue.h"
#include "common/testing/status_matchers.h"
#include "gtest/gtest.h"

namespace cohort::sync {
namespace {

using ::cohort::testing::IsOkAndHolds;

absl::Time Soon() { return absl::Now() + absl::Seconds(10); }

TEST(SignalWaiterTest, SigtermAndSigintRequestAStop) {
  for (const int signal : {SIGTERM, SIGINT}) {
    SignalWaiter waiter;
    EXPECT_FALSE(waiter.token().stop_requested());
    raise(signal);
    EXPECT_TRUE(waiter.WaitUntil(Soon()));
    EXPECT_EQ(waiter.last_signal(), signal);
  }
}

TEST(SignalWaiterTest, WaitWithoutASignalEndsAtItsDeadline) {
  SignalWaiter waiter;
  EXPECT_FALSE(waiter.WaitUntil(absl::Now() + absl::Milliseconds(10)));
  EXPECT_EQ(waiter.last_signal(), 0);
}

TEST(SignalWaiterTest, TellsEverySignalTheRepeatedOnesToo) {
  BoundedQueue<int> seen(4);
  SignalWaiter waiter([&](int signal) { EXPECT_OK(seen.Push(signal, Soon())); });
  raise(SIGINT);
  EXPECT_THAT(seen.Pop(Soon()), IsOkAndHolds(SIGINT));
  raise(SIGINT);
  EXPECT_THAT(seen.Pop(Soon()), IsOkAndHolds(SIGINT));
}

TEST(SignalWaiterTest, PutsTheFormerHandlersBack) {
  signal(SIGINT, SIG_IGN);
  { SignalWaiter waiter; }
  struct sigaction action = {};
  sigaction(SIGINT, nullptr, &action);
  EXPECT_EQ(action.sa_handler, SIG_IGN);
  signal(SIGINT, SIG_DFL);
}

}  // namespace
}  // namespace cohort::sync

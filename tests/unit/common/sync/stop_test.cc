#include "common/sync/stop.h"

#include <atomic>
#include <optional>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/sync/thread.h"
#include "gtest/gtest.h"

namespace cohort::sync {
namespace {

TEST(StopTest, WaitEndsWhenAStopIsRequested) {
  StopSource source;
  Thread stopper("stopper", [&] { source.RequestStop(); });
  EXPECT_TRUE(source.token().WaitUntil(absl::Now() + absl::Seconds(10)));
}

TEST(StopTest, WaitEndsAtItsDeadline) {
  StopSource source;
  const absl::Time deadline = absl::Now() + absl::Milliseconds(30);
  EXPECT_FALSE(source.token().WaitUntil(deadline));
  EXPECT_GE(absl::Now(), deadline);
}

TEST(StopTest, DefaultTokenIsNeverStopped) {
  const StopToken token;
  EXPECT_FALSE(token.stop_requested());
  EXPECT_FALSE(token.WaitFor(absl::Milliseconds(5)));
}

TEST(StopTest, CallbackRunsOnceAndAtOnceWhenTheStopCameBefore) {
  StopSource source;
  int before = 0, after = 0;
  const StopCallback early(source.token(), [&] { ++before; });
  source.RequestStop();
  source.RequestStop();
  const StopCallback late(source.token(), [&] { ++after; });
  EXPECT_EQ(before, 1);
  EXPECT_EQ(after, 1);
}

TEST(StopTest, DestroyedCallbackDoesNotRun) {
  StopSource source;
  int calls = 0;
  { const StopCallback callback(source.token(), [&] { ++calls; }); }
  source.RequestStop();
  EXPECT_EQ(calls, 0);
}

TEST(StopTest, DestructorOfACallbackWaitsForItsRunOnAnotherThread) {
  StopSource source;
  absl::Notification running;
  std::atomic<bool> ended{false};
  std::optional<StopCallback> callback(std::in_place, source.token(), [&] {
    running.Notify();
    absl::SleepFor(absl::Milliseconds(50));
    ended = true;
  });
  Thread stopper("stopper", [&] { source.RequestStop(); });
  running.WaitForNotification();
  callback.reset();
  EXPECT_TRUE(ended);
}

TEST(StopTest, CallbackMayUseItsToken) {
  StopSource source;
  bool stopped = false;
  const StopCallback callback(source.token(), [&] { stopped = source.stop_requested(); });
  source.RequestStop();
  EXPECT_TRUE(stopped);
}

}  // namespace
}  // namespace cohort::sync

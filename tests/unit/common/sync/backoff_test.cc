#include "common/sync/backoff.h"

#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace cohort::sync {
namespace {

constexpr Backoff::Options kOptions = {.first = absl::Milliseconds(10), .max = absl::Milliseconds(35), .factor = 2, .jitter = 0.5};

TEST(BackoffTest, WaitsGrowUpToTheMaximumAndBeginAnewAfterASuccess) {
  Backoff backoff(kOptions, [] { return 0.0; });
  EXPECT_EQ(backoff.Next(), absl::Milliseconds(10));
  EXPECT_EQ(backoff.Next(), absl::Milliseconds(20));
  EXPECT_EQ(backoff.Next(), absl::Milliseconds(35));
  EXPECT_EQ(backoff.Next(), absl::Milliseconds(35));
  backoff.Reset();
  EXPECT_EQ(backoff.Next(), absl::Milliseconds(10));
}

TEST(BackoffTest, JitterShortensAWaitByTheRandomShare) {
  Backoff backoff(kOptions, [] { return 0.8; });
  EXPECT_EQ(backoff.Next(), absl::Milliseconds(6));
}

TEST(BackoffTest, DefaultRandomNumbersStayInTheirRange) {
  Backoff backoff(kOptions);
  for (int i = 0; i < 100; ++i) {
    const absl::Duration wait = backoff.Next();
    EXPECT_GE(wait, absl::Milliseconds(5));
    EXPECT_LE(wait, absl::Milliseconds(35));
  }
}

TEST(BackoffTest, WaitSaysNoAtTheDeadlineAndDoesNotPassIt) {
  Backoff backoff({.first = absl::Seconds(100), .max = absl::Seconds(100)}, [] { return 0.0; });
  const absl::Time start = absl::Now();
  EXPECT_FALSE(backoff.Wait(StopToken(), start + absl::Milliseconds(20)));
  EXPECT_LT(absl::Now() - start, absl::Seconds(50));
}

TEST(BackoffTest, WaitSaysNoAfterAStop) {
  Backoff backoff({.first = absl::Seconds(100), .max = absl::Seconds(100)});
  StopSource stop;
  stop.RequestStop();
  EXPECT_FALSE(backoff.Wait(stop.token(), absl::InfiniteFuture()));
}

TEST(BackoffTest, WaitSaysYesWhenTimeIsLeft) {
  Backoff backoff({.first = absl::Milliseconds(1)});
  EXPECT_TRUE(backoff.Wait(StopToken(), absl::Now() + absl::Seconds(50)));
}

}  // namespace
}  // namespace cohort::sync

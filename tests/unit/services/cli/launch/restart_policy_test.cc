#include "services/cli/supervise/restart_policy.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::cli {
namespace {

constexpr absl::Duration kQuick = absl::Milliseconds(50);

TEST(RestartPolicyTest, WaitsLongerFromOneQuickDeathToTheNextUpToALimit) {
  RestartPolicy policy;
  const absl::Time start = absl::UnixEpoch();
  EXPECT_EQ(policy.OnDeath(start, kQuick), absl::Milliseconds(100));
  EXPECT_EQ(policy.OnDeath(start, kQuick), absl::Milliseconds(200));
  EXPECT_EQ(policy.OnDeath(start, kQuick), absl::Milliseconds(400));
  for (int i = 0; i < 6; ++i) policy.OnDeath(start, kQuick);
  EXPECT_EQ(policy.OnDeath(start, kQuick), absl::Seconds(5));
}

TEST(RestartPolicyTest, AChildThatLivedLongStartsAgainAtOnce) {
  RestartPolicy policy;
  policy.OnDeath(absl::UnixEpoch(), kQuick);
  policy.OnDeath(absl::UnixEpoch(), kQuick);
  EXPECT_EQ(policy.OnDeath(absl::UnixEpoch() + absl::Minutes(5), absl::Minutes(5)), absl::Milliseconds(100));
}

TEST(RestartPolicyTest, GivesUpAfterTooManyDeathsInAMinute) {
  RestartPolicy policy;
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(policy.OnDeath(absl::UnixEpoch() + absl::Seconds(i), kQuick).has_value());
  EXPECT_EQ(policy.OnDeath(absl::UnixEpoch() + absl::Seconds(10), kQuick), std::nullopt);
}

TEST(RestartPolicyTest, GivesUpAfterTooManyDeathsInAnHourAndForgetsOlderOnes) {
  RestartPolicy policy;
  absl::Time now = absl::UnixEpoch();
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(policy.OnDeath(now += absl::Minutes(2), absl::Minutes(2)).has_value());
  RestartPolicy later(policy);
  EXPECT_EQ(policy.OnDeath(now += absl::Minutes(2), absl::Minutes(2)), std::nullopt);
  EXPECT_TRUE(later.OnDeath(now + absl::Hours(2), absl::Hours(2)).has_value());
}

}  // namespace
}  // namespace cohort::cli

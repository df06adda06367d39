#include "common/metrics/time_budget.h"

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::metrics {
namespace {

using ::testing::DoubleEq;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

class TimeBudgetTest : public ::testing::Test {
 protected:
  sync::Clock clock() {
    return [this] { return now_; };
  }
  void Pass(double seconds) { now_ += absl::Seconds(seconds); }

  absl::Time now_ = absl::UnixEpoch();
};

TEST_F(TimeBudgetTest, ChargesEachActivityUntilTheNextOneBegins) {
  TimeBudget budget("idle", nullptr, "", clock());
  Pass(1);
  budget.Switch("generating");
  Pass(2);
  budget.Switch("idle");
  Pass(0.5);
  EXPECT_THAT(budget.Seconds(), UnorderedElementsAre(Pair("idle", DoubleEq(1.5)), Pair("generating", DoubleEq(2))));
}

TEST_F(TimeBudgetTest, CountersAreExactInTheMiddleOfAnActivity) {
  Registry registry;
  TimeBudget budget("waiting", &registry, "cohort_test_loop_seconds_total", clock());
  Pass(3);
  EXPECT_THAT(registry.Expose(), HasSubstr("cohort_test_loop_seconds_total{activity=\"waiting\"} 3\n"));
  Pass(1);
  budget.Switch("working");
  Pass(2);
  const std::string text = registry.Expose();
  EXPECT_THAT(text, HasSubstr("cohort_test_loop_seconds_total{activity=\"waiting\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("cohort_test_loop_seconds_total{activity=\"working\"} 2\n"));
}

TEST_F(TimeBudgetTest, ScopedActivityReturns) {
  TimeBudget budget("idle", nullptr, "", clock());
  {
    const ScopedActivity scoped(budget, "pushing", "idle");
    Pass(1);
  }
  Pass(2);
  EXPECT_THAT(budget.Seconds(), UnorderedElementsAre(Pair("idle", DoubleEq(2)), Pair("pushing", DoubleEq(1))));
}

TEST_F(TimeBudgetTest, RegistryOutlivesTheBudget) {
  Registry registry;
  {
    TimeBudget budget("idle", &registry, "cohort_test_gone_seconds_total", clock());
    Pass(1);
    budget.Switch("busy");
  }
  EXPECT_THAT(registry.Expose(), HasSubstr("cohort_test_gone_seconds_total{activity=\"idle\"} 1\n"));
}

TEST(TimeBudgetWallTimeTest, SecondsSumToTheWallTime) {
  const sync::Clock clock = sync::MonotonicClock();
  const absl::Time start = clock();
  TimeBudget budget("a");
  const absl::Time constructed = clock();
  for (int i = 0; i < 1000; ++i) budget.Switch(i % 2 == 0 ? "b" : "c");
  const absl::Time asked = clock();
  double sum = 0;
  for (const auto& [activity, seconds] : budget.Seconds()) sum += seconds;
  const absl::Time answered = clock();
  EXPECT_GE(sum, absl::ToDoubleSeconds(asked - constructed) - 1e-9);
  EXPECT_LE(sum, absl::ToDoubleSeconds(answered - start) + 1e-9);
}

}  // namespace
}  // namespace cohort::metrics

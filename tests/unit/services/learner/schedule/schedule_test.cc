#include "services/learner/schedule/schedule.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/learner/schedule/group_id.h"
#include "services/learner/schedule/row_order.h"

namespace cohort::learner {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::Optional;

Schedule MakeSchedule(int64_t rows, uint64_t seed, int64_t prompts_per_step, int64_t waves = 0) {
  return Schedule({.rows = rows, .seed = seed, .prompts_per_step = prompts_per_step, .max_refill_waves = waves});
}

std::vector<int64_t> RowsOfSteps(Schedule schedule, int64_t steps, int64_t prompts) {
  std::vector<int64_t> rows;
  for (int64_t step = 0; step < steps; ++step) {
    for (int64_t slot = 0; slot < prompts; ++slot) rows.push_back(schedule.Row(step, slot));
  }
  return rows;
}

TEST(ScheduleTest, EveryRowStandsOnceInEachEpochEvenWhereStepsCrossIt) {
  const std::vector<int64_t> rows = RowsOfSteps(MakeSchedule(/*rows=*/101, /*seed=*/7, /*prompts_per_step=*/8), 101, 8);
  for (int64_t epoch = 0; epoch < 8; ++epoch) {
    const std::set<int64_t> seen(rows.begin() + epoch * 101, rows.begin() + (epoch + 1) * 101);
    EXPECT_EQ(seen.size(), 101u) << "epoch " << epoch;
    EXPECT_EQ(*seen.begin(), 0);
    EXPECT_EQ(*seen.rbegin(), 100);
  }
}

TEST(ScheduleTest, EpochsAndSeedsOrderTheRowsDifferently) {
  const std::vector<int64_t> rows = RowsOfSteps(MakeSchedule(64, 7, 64), 2, 64);
  EXPECT_FALSE(std::equal(rows.begin(), rows.begin() + 64, rows.begin() + 64));
  EXPECT_NE(rows, RowsOfSteps(MakeSchedule(64, 8, 64), 2, 64));
}

TEST(ScheduleTest, IsAPureFunctionOfItsPlaceInWhateverOrderItIsAsked) {
  Schedule forwards = MakeSchedule(37, 5, 4, 2);
  Schedule backwards = MakeSchedule(37, 5, 4, 2);
  std::vector<int64_t> expected;
  for (int64_t step = 0; step < 40; ++step) {
    for (int64_t slot = 0; slot < forwards.slots_per_step(); ++slot) expected.push_back(forwards.Row(step, slot));
  }
  for (int64_t step = 39; step >= 0; --step) {
    for (int64_t slot = backwards.slots_per_step() - 1; slot >= 0; --slot) {
      EXPECT_EQ(backwards.Row(step, slot), expected[step * backwards.slots_per_step() + slot]);
    }
  }
}

TEST(ScheduleTest, TheFirstRowsOfASeedNeverChange) {
  // Pinned: another order would silently give resumed runs other data.
  EXPECT_THAT(RowsOfSteps(MakeSchedule(10, 1, 5), 2, 5), ElementsAre(0, 5, 4, 8, 3, 9, 2, 7, 1, 6));
}

TEST(ScheduleTest, RefillSlotsDoNotMoveTheRowsOfLaterSteps) {
  EXPECT_EQ(RowsOfSteps(MakeSchedule(50, 3, 8, 0), 20, 8), RowsOfSteps(MakeSchedule(50, 3, 8, 8), 20, 8));
}

TEST(ScheduleTest, RefillWavesOfAStepDrawDistinctRows) {
  Schedule schedule = MakeSchedule(1000, 3, 8, 8);
  std::set<int64_t> rows;
  for (int64_t slot = 8; slot < schedule.slots_per_step(); ++slot) rows.insert(schedule.Row(/*step=*/4, slot));
  EXPECT_EQ(rows.size(), 64u);
}

TEST(ScheduleTest, ADataSetSmallerThanAStepIsWalkedThroughSeveralTimes) {
  const std::vector<int64_t> rows = RowsOfSteps(MakeSchedule(3, 1, 9), 1, 9);
  for (int64_t row = 0; row < 3; ++row) EXPECT_EQ(std::count(rows.begin(), rows.end(), row), 3);
}

TEST(RowOrderTest, APermutationIsCloseToUniform) {
  // 3! orders of 3 rows over 6,000 epochs: each about 1,000 times, six standard deviations are 173.
  RowOrder order(3, 42, 1);
  std::map<std::vector<int64_t>, int> counts;
  for (int64_t epoch = 0; epoch < 6000; ++epoch) ++counts[{order.At(3 * epoch), order.At(3 * epoch + 1), order.At(3 * epoch + 2)}];
  EXPECT_EQ(counts.size(), 6u);
  for (const auto& [rows, count] : counts) EXPECT_NEAR(count, 1000, 173);
}

TEST(GroupIdTest, NamesItsPlaceAndNothingElseDoes) {
  EXPECT_EQ(GroupId("a/b", 3, 14), "a/b/3/14");
  EXPECT_THAT(ParseGroupId("a/b", "a/b/3/14"), Optional(Field(&GroupPlace::slot, 14)));
  for (const char* other : {"a/3/14", "a/b/3", "a/b/3/x", "a/b/03/14", "a/b/3/14 ", "a/b/+3/14", "a/b/3/14/15", "", "a/b//"}) {
    EXPECT_EQ(ParseGroupId("a/b", other).has_value(), false) << other;
  }
}

}  // namespace
}  // namespace cohort::learner

// The learner's own promises when it, or the queue, dies: the real binary, a real Redis, scripted workers.
#include <signal.h>

#include <set>

#include "absl/time/clock.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/learner/learner_process.h"

namespace cohort::learner {
namespace {

using ::cohort::testing::IsOk;
using ::cohort::testing::IsOkAndHolds;

constexpr int64_t kSteps = 20;

absl::Time In(int seconds) { return absl::Now() + absl::Seconds(seconds); }

// What a run that nothing disturbs leaves.
struct Outcome {
  std::vector<std::string> curve;
  std::string weights;
};
const Outcome& Undisturbed() {
  static const Outcome* const outcome = [] {
    LearnerProcess learner;
    learner.WriteInputs(kSteps);
    EXPECT_OK(learner.Start(/*resume=*/false));
    learner.StartWorkers(1);
    EXPECT_OK(learner.WaitUntilFinished(In(40)));
    return new Outcome{learner.Curve(), learner.FinalWeights()};
  }();
  return *outcome;
}

void ExpectAsUndisturbed(const LearnerProcess& learner) {
  EXPECT_EQ(Undisturbed().curve.size(), static_cast<size_t>(kSteps));
  EXPECT_EQ(learner.Curve(), Undisturbed().curve);
  EXPECT_TRUE(learner.FinalWeights() == Undisturbed().weights) << "the final weights differ";
}

void ExpectTrainedExactlyOnce(const LearnerProcess& learner) {
  std::set<std::string> ids;
  for (const auto& line : learner.Ledger()) {
    EXPECT_EQ(line["outcome"], "trained");
    EXPECT_TRUE(ids.insert(line["group_id"]).second) << line;
  }
  EXPECT_EQ(ids.size(), static_cast<size_t>(3 * kSteps));
}

TEST(LearnerKillTest, ALearnerThatIsKilledAgainAndAgainEndsInTheSameBits) {
  LearnerProcess learner;
  learner.WriteInputs(kSteps);
  ASSERT_OK(learner.Start(/*resume=*/false));
  learner.StartWorkers(2);
  for (const int64_t step : {1, 5, 6, 9, 13, 17}) {
    ASSERT_OK(learner.WaitForSteps(step, In(40)));
    absl::SleepFor(absl::Milliseconds(7 * step));  // Some place in a step.
    learner.process().Signal(SIGKILL);
    ASSERT_OK(learner.process().Wait(In(5)));
    ASSERT_OK(learner.Start(/*resume=*/true));
  }
  ASSERT_OK(learner.WaitUntilFinished(In(40)));
  ExpectAsUndisturbed(learner);
  ExpectTrainedExactlyOnce(learner);
}

TEST(LearnerKillTest, ALearnerThatIsToldToStopEndsWithZeroAndLosesNothing) {
  LearnerProcess learner;
  learner.WriteInputs(kSteps);
  ASSERT_OK(learner.Start(/*resume=*/false));
  learner.StartWorkers(1);
  ASSERT_OK(learner.WaitForSteps(7, In(40)));
  learner.process().Signal(SIGTERM);
  EXPECT_THAT(learner.process().Wait(In(10)), IsOkAndHolds(0));
  ASSERT_OK(learner.Start(/*resume=*/true));
  ASSERT_OK_AND_ASSIGN(const auto state, learner.State());
  EXPECT_GE(state.steps_done(), 7);
  ASSERT_OK(learner.WaitUntilFinished(In(40)));
  ExpectAsUndisturbed(learner);
}

TEST(LearnerKillTest, ARedisThatLosesEverythingCostsAReseedAndNothingElse) {
  LearnerProcess learner;
  learner.WriteInputs(kSteps);
  ASSERT_OK(learner.Start(/*resume=*/false));
  learner.StartWorkers(2);
  for (const int64_t step : {3, 11}) {
    ASSERT_OK(learner.WaitForSteps(step, In(40)));
    learner.redis().Kill();
    ASSERT_OK(learner.redis().Restart());
  }
  ASSERT_OK(learner.WaitUntilFinished(In(60)));
  ExpectAsUndisturbed(learner);
  ExpectTrainedExactlyOnce(learner);
}

}  // namespace
}  // namespace cohort::learner

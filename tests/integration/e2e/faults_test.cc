// Everything that may die dies in the middle of a run; the run finishes, trains every group once, and learns the same weights.
#include <map>

#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "nlohmann/json.hpp"
#include "tests/integration/e2e/training_run.h"

namespace cohort::testing {
namespace {

using ::nlohmann::json;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr int kSteps = 10;
constexpr int kPromptsPerStep = 8;

absl::Time Within(int seconds) { return absl::Now() + absl::Seconds(seconds); }

std::string FinalWeights(const TrainingRun& run) {
  auto content = io::ReadFile(run.Path("model/model.safetensors"));
  EXPECT_OK(content);
  return content.ok() ? *content : "";
}

// How often each group was trained on, by the learner's ledger.
std::map<std::string, int> TimesTrained(const TrainingRun& run) {
  std::map<std::string, int> times;
  auto ledger = io::ReadFile(run.Path("ledger.jsonl"));
  EXPECT_OK(ledger);
  if (!ledger.ok()) return times;
  for (const auto line : absl::StrSplit(*ledger, '\n', absl::SkipEmpty())) ++times[json::parse(std::string(line))["group_id"]];
  return times;
}

// The weights of an undisturbed run with one worker: what every other run must reach.
const std::string& UndisturbedWeights() {
  static const std::string* const weights = [] {
    TrainingRun run({"rollout.workers=1"});
    EXPECT_OK(run.Start({"--no-eval"}));
    EXPECT_THAT(run.Wait(Within(120)), IsOkAndHolds(0)) << run.Output();
    return new std::string(FinalWeights(run));
  }();
  return *weights;
}

void ExpectUndisturbedOutcome(TrainingRun& run) {
  ASSERT_THAT(run.Wait(Within(180)), IsOkAndHolds(0)) << run.Output();
  EXPECT_THAT(TimesTrained(run), AllOf(SizeIs(kSteps * kPromptsPerStep), Each(Pair(::testing::_, 1))));
  EXPECT_TRUE(FinalWeights(run) == UndisturbedWeights()) << "the final weights differ from those of an undisturbed run with one worker";
}

TEST(FaultsTest, TwoWorkersLearnWhatOneLearns) {
  TrainingRun run;
  ASSERT_OK(run.Start({"--no-eval"}));
  ExpectUndisturbedOutcome(run);
}

TEST(FaultsTest, KillingEverythingInTurnChangesNothing) {
  TrainingRun run;
  ASSERT_OK(run.Start({"--no-eval"}));
  const std::vector<std::string> victims = {"cohort-rollout", "cohort-reward", "redis", "cohort-learner"};
  for (size_t i = 0; i < victims.size(); ++i) {
    ASSERT_OK(run.WaitForSteps(1 + 2 * i, Within(120)));
    ASSERT_OK(run.KillChildren(victims[i]));
  }
  ExpectUndisturbedOutcome(run);
}

TEST(FaultsTest, KillingTheLearnerTwiceAndAllWorkersChangesNothing) {
  TrainingRun run;
  ASSERT_OK(run.Start({"--no-eval"}));
  ASSERT_OK(run.WaitForSteps(2, Within(120)));
  ASSERT_OK(run.KillChildren("cohort-learner"));
  ASSERT_OK(run.WaitForSteps(4, Within(120)));
  ASSERT_OK(run.KillChildren("cohort-rollout", 2));
  ASSERT_OK(run.WaitForSteps(7, Within(120)));
  ASSERT_OK(run.KillChildren("cohort-learner"));
  ExpectUndisturbedOutcome(run);
}

}  // namespace
}  // namespace cohort::testing

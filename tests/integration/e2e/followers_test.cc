// A run whose learner is two processes: the launcher starts the follower, and again when it dies, and the run ends in the same bits.
#include <signal.h>

#include <map>

#include "absl/strings/match.h"
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
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr int kSteps = 8;

absl::Time Within(int seconds) { return absl::Now() + absl::Seconds(seconds); }

std::vector<std::string> Settings(int steps = kSteps) { return {"run.steps=" + std::to_string(steps), "optimizer.data_parallel=2", "algorithm.minibatches=2"}; }

std::string Content(const TrainingRun& run, const std::string& name) { return io::ReadFile(run.Path(name)).value_or(""); }

std::map<std::string, int> TimesTrained(const TrainingRun& run) {
  std::map<std::string, int> times;
  for (const auto line : absl::StrSplit(Content(run, "ledger.jsonl"), '\n', absl::SkipEmpty())) ++times[json::parse(std::string(line))["group_id"]];
  return times;
}

TEST(FollowersTest, AFollowerThatIsKilledIsStartedAgainAndChangesNoBit) {
  TrainingRun whole(Settings());
  ASSERT_OK(whole.Start({"--no-eval"}));
  ASSERT_THAT(whole.Wait(Within(120)), IsOkAndHolds(0)) << whole.Output();
  EXPECT_THAT(whole.Output(), HasSubstr("the leader and 1 follower"));
  EXPECT_THAT(Content(whole, "logs/cohort-learner.log"), HasSubstr("follower cohort-follower-1 is rank 1 of 2"));
  EXPECT_THAT(Content(whole, "logs/cohort-follower-1.log"), AllOf(HasSubstr("[run=short"), HasSubstr("as rank 1 of 2")));

  TrainingRun disturbed(Settings());
  ASSERT_OK(disturbed.Start({"--no-eval"}));
  for (const int step : {1, 4}) {
    ASSERT_OK(disturbed.WaitForSteps(step, Within(120)));
    const pid_t follower = json::parse(Content(disturbed, "launch/cohort-follower-1.json"))["pid"];
    kill(follower, SIGKILL);
    ASSERT_OK(disturbed.WaitForSteps(step + 2, Within(120)));
  }
  ASSERT_THAT(disturbed.Wait(Within(120)), IsOkAndHolds(0)) << disturbed.Output();
  EXPECT_THAT(disturbed.Output(), HasSubstr("cohort-follower-1 was killed by signal 9; starting it again"));
  EXPECT_THAT(TimesTrained(disturbed), AllOf(SizeIs(kSteps * 8), Each(Pair(::testing::_, 1))));
  EXPECT_FALSE(Content(whole, "model/model.safetensors").empty());
  EXPECT_TRUE(Content(whole, "model/model.safetensors") == Content(disturbed, "model/model.safetensors")) << "the final weights differ";
}

TEST(FollowersTest, AnInterruptedRunGoesOnWithAnotherNumberOfProcesses) {
  constexpr int kManySteps = 60;  // So many that an interrupt behind the second comes before the last.
  TrainingRun run(Settings(kManySteps));
  ASSERT_OK(run.Start({"--no-eval"}));
  ASSERT_OK(run.WaitForSteps(2, Within(120)));
  run.launcher().Signal(SIGINT);
  ASSERT_OK(run.Wait(Within(60)));
  ASSERT_LT(run.StepLines().size(), static_cast<size_t>(kManySteps)) << "it was too late to interrupt";
  ASSERT_OK(run.Start({"--no-eval", "--resume", "--set", "optimizer.data_parallel=1"}));
  ASSERT_THAT(run.Wait(Within(120)), IsOkAndHolds(0)) << run.Output();
  EXPECT_EQ(run.StepLines().size(), static_cast<size_t>(kManySteps));
}

}  // namespace
}  // namespace cohort::testing

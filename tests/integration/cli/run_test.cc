// `cohort run` over real services: what it does when they die, when it is repeated, and when it dies itself.
#include <signal.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "nlohmann/json.hpp"
#include "tests/integration/cli/cli_program.h"

namespace cohort::testing {
namespace {

namespace fs = std::filesystem;
using ::nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr absl::Duration kPatience = absl::Seconds(100);

class CliRunTest : public ::testing::Test {
 protected:
  std::vector<std::string> Command(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> command = {"run", "tests/integration/e2e/short.yaml"};
    for (const std::string& setting : {absl::StrCat("run.directory=", RunDirectory()), absl::StrCat("model.path=", TestModel())}) {
      command.insert(command.end(), {"--set", setting});
    }
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }
  std::string RunDirectory() const { return directory_ / "run"; }
  std::string Output() const { return io::ReadFile(directory_ / "output").value_or(""); }
  int64_t StepsDone() const {
    const std::string steps = io::ReadFile(RunDirectory() + "/steps.jsonl").value_or("");
    return std::count(steps.begin(), steps.end(), '\n');
  }
  void WaitForStep(process::ChildProcess& launcher, int64_t step) {
    const absl::Time deadline = absl::Now() + kPatience;
    while (StepsDone() < step && launcher.running() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(5));
    ASSERT_GE(StepsDone(), step) << Output();
  }

  TempDir directory_;
};

TEST_F(CliRunTest, ServicesThatAreKilledAreStartedAgainAndTheRunFinishes) {
  const auto launcher = StartCli(Command({"--no-eval", "--set", "run.steps=6"}), directory_ / "output");
  ASSERT_NE(launcher, nullptr);
  WaitForStep(*launcher, 1);
  for (const char* service : {"cohort-rollout", "cohort-reward"}) {
    const std::vector<pid_t> pids = ChildrenOf(launcher->pid(), service);
    ASSERT_THAT(pids, Not(IsEmpty())) << service;
    kill(pids[0], SIGKILL);
  }
  ASSERT_THAT(launcher->Wait(absl::Now() + kPatience), IsOkAndHolds(0)) << Output();
  EXPECT_EQ(StepsDone(), 6);
  EXPECT_THAT(Output(), AllOf(HasSubstr("cohort-reward was killed by signal 9"), HasSubstr("trained 6 steps")));
  ASSERT_OK_AND_ASSIGN(const std::string summary, io::ReadFile(RunDirectory() + "/summary.json"));
  EXPECT_GE(json::parse(summary)["restarts"].get<int>(), 2);
}

TEST_F(CliRunTest, AFinishedRunIsShownAgainProlongedOrStartedOver) {
  ASSERT_EQ(RunCli(Command({"--set", "run.steps=1"}), kPatience).exit_code, 0);
  const auto written = fs::last_write_time(RunDirectory() + "/summary.json");

  const CliResult again = RunCli(Command({"--set", "run.steps=1"}));
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_THAT(again.output, AllOf(HasSubstr("before"), HasSubstr("finished earlier"), HasSubstr("--fresh")));
  EXPECT_EQ(fs::last_write_time(RunDirectory() + "/summary.json"), written);

  const CliResult longer = RunCli(Command({"--set", "run.steps=2"}));
  EXPECT_EQ(longer.exit_code, 1);
  EXPECT_THAT(longer.output, HasSubstr("--resume"));

  const CliResult fresh = RunCli(Command({"--fresh", "--no-eval", "--set", "run.steps=1"}), kPatience);
  EXPECT_EQ(fresh.exit_code, 0) << fresh.output;
  EXPECT_TRUE(fs::exists(RunDirectory() + ".1/summary.json"));
}

TEST_F(CliRunTest, EverythingDiesWithALauncherThatIsKilled) {
  const auto launcher = StartCli(Command({"--no-eval", "--set", "run.steps=1000"}), directory_ / "output");
  ASSERT_NE(launcher, nullptr);
  WaitForStep(*launcher, 1);
  const std::vector<pid_t> children = ChildrenOf(launcher->pid(), "");
  ASSERT_GE(children.size(), 5u) << "redis, reward, learner and two workers";
  launcher->Signal(SIGKILL);
  ASSERT_THAT(launcher->Wait(absl::Now() + absl::Seconds(10)), IsOkAndHolds(128 + SIGKILL));
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  for (const pid_t child : children) {
    // A child of a dead parent belongs to init, which may not reap here: a zombie has ended, too.
    const auto ended = [child] {
      const std::string stat = io::ReadFile(absl::StrCat("/proc/", child, "/stat")).value_or("");
      return stat.empty() || stat.find(") Z") != std::string::npos;
    };
    while (!ended() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(5));
    EXPECT_TRUE(ended()) << "process " << child << " lives on";
  }
}

TEST_F(CliRunTest, AnInterruptedRunSaysHowToGoOn) {
  const auto launcher = StartCli(Command({"--no-eval", "--set", "run.steps=1000"}), directory_ / "output");
  ASSERT_NE(launcher, nullptr);
  WaitForStep(*launcher, 2);
  launcher->Signal(SIGINT);
  ASSERT_THAT(launcher->Wait(absl::Now() + absl::Seconds(60)), IsOkAndHolds(128 + SIGINT)) << Output();
  EXPECT_THAT(Output(), AllOf(HasSubstr("the learner writes a checkpoint"), HasSubstr("--resume"), HasSubstr("run.steps=1000")));
  EXPECT_TRUE(fs::exists(RunDirectory() + "/checkpoints"));

  const CliResult unresumed = RunCli(Command({"--no-eval", "--set", "run.steps=1000"}));
  EXPECT_EQ(unresumed.exit_code, 1);
  EXPECT_THAT(unresumed.output, AllOf(HasSubstr("--resume"), HasSubstr("--fresh")));
}

}  // namespace
}  // namespace cohort::testing

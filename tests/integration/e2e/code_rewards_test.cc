// A run whose answers are programs.
#include <fstream>
#include <string>

#include "absl/time/clock.h"
#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "nlohmann/json.hpp"
#include "tests/integration/e2e/training_run.h"

namespace cohort::testing {
namespace {

using ::nlohmann::json;
using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(150);

std::string WriteProblems(const TempDir& directory, const std::string& gold) {
  const std::string path = directory / "problems.jsonl";
  std::ofstream file(path);
  for (int i = 0; i < 8; ++i) file << json{{"prompt", "What is " + std::to_string(i) + " + 4?"}, {"answer", gold}}.dump() << "\n";
  return path;
}

std::vector<std::string> Settings(const std::string& data) {
  return {"run.steps=1", "reward.policy=code", "data.train=" + data, "data.held_out=" + data, "evaluation.problems=4"};
}

TEST(CodeRewardsTest, ARunIsGradedByTheCoderunnerWhenItsPolicySaysSo) {
  const TempDir directory;
  // What the tiny model answers, a number, is a program that prints nothing.
  TrainingRun run(Settings(WriteProblems(directory, R"({"tests": [{"stdin": "", "stdout": ""}]})")));
  ASSERT_OK(run.Start({"--allow-weak-isolation"}));
  ASSERT_THAT(run.Wait(absl::Now() + kPatience), IsOkAndHolds(0)) << run.Output();
  EXPECT_EQ(run.StepLines().size(), 1u);
  const std::string log = io::ReadFile(run.Path("logs/cohort-coderunner.log")).value_or("(no log)");
  EXPECT_THAT(log, HasSubstr("isolation level: "));
  ASSERT_OK_AND_ASSIGN(const std::string summary, io::ReadFile(run.Path("summary.json")));
  EXPECT_GT(json::parse(summary)["before"]["accuracy"].get<double>(), 0) << log;
}

TEST(CodeRewardsTest, ABadReferenceIsFoundBeforeTheFirstStep) {
  const TempDir directory;
  TrainingRun run(Settings(WriteProblems(directory, R"({"tests": [{"stdin": ""}]})")));
  ASSERT_OK(run.Start({"--allow-weak-isolation"}));
  ASSERT_THAT(run.Wait(absl::Now() + kPatience), IsOkAndHolds(2)) << run.Output();
  EXPECT_THAT(run.Output(), HasSubstr("problems.jsonl:1"));
  EXPECT_THAT(run.Output(), HasSubstr("tests[0].stdout: is missing"));
}

TEST(CodeRewardsTest, ProgramsRunWithoutAStrongWallOnlyWhenThatIsAllowed) {
  const TempDir directory;
  TrainingRun run(Settings(WriteProblems(directory, R"({"tests": [{"stdin": "", "stdout": ""}]})")));
  ASSERT_OK(run.Start({"--start-timeout", "10"}));
  ASSERT_OK_AND_ASSIGN(const int code, run.Wait(absl::Now() + kPatience));
  if (code == 0) GTEST_SKIP() << "this machine is isolated";
  EXPECT_THAT(run.Output(), HasSubstr("--allow-weak-isolation"));
}

}  // namespace
}  // namespace cohort::testing

// What cohort-learner says to wrong input: the exit code, the message, and that nothing was overwritten.
#include <signal.h>

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/learner/learner_process.h"

namespace cohort::learner {
namespace {

using ::cohort::testing::IsOk;
using ::cohort::testing::IsOkAndHolds;
using ::testing::AllOf;
using ::testing::HasSubstr;

class LearnerInputTest : public ::testing::Test {
 protected:
  void SetUp() override { learner_.WriteInputs(2); }

  int Run(bool resume = false, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = learner_.Arguments(resume);
    arguments.insert(arguments.end(), more.begin(), more.end());
    return learner_.RunToTheEnd(arguments);
  }
  // With a service that nobody started in the place of the value of `option`.
  int RunWithout(const std::string& option) {
    std::vector<std::string> arguments = learner_.Arguments(/*resume=*/false);
    *(std::find(arguments.begin(), arguments.end(), option) + 1) = "127.0.0.1:1";
    arguments.insert(arguments.end(), {"--start-timeout", "0.5"});
    return learner_.RunToTheEnd(arguments);
  }
  void Edit(const std::string& file, const std::string& from, const std::string& to) {
    const std::string content = *io::ReadFile(learner_.path(file));
    ASSERT_THAT(content, HasSubstr(from));
    ASSERT_OK(io::WriteFileDurably(learner_.path(file), absl::StrReplaceAll(content, {{from, to}})));
  }
  bool NothingBegan() const { return !std::filesystem::exists(learner_.path("run/run.json")); }

  LearnerProcess learner_;
};

TEST_F(LearnerInputTest, AnUnknownConfigKeyIsAUsageError) {
  Edit("run.yaml", "group_size", "groop_size");
  EXPECT_EQ(Run(), 2);
  EXPECT_THAT(learner_.log(), AllOf(HasSubstr("groop_size"), HasSubstr("group_size"), HasSubstr("run.yaml")));
  EXPECT_TRUE(NothingBegan());
}

TEST_F(LearnerInputTest, AnAnswerThatCannotBeCheckedIsNamedBeforeAnyWork) {
  Edit("train.jsonl", "\"answer\":4", "\"answer\":\"four\"");
  EXPECT_EQ(Run(), 2);
  EXPECT_THAT(learner_.log(), AllOf(HasSubstr("train.jsonl:4"), HasSubstr("'four'")));
  EXPECT_TRUE(NothingBegan());
}

TEST_F(LearnerInputTest, APromptThatIsTooLongIsNamed) {
  Edit("train.jsonl", "6 plus 1", "6 plus 1 plus 1 plus 1 plus 1");
  EXPECT_EQ(Run(false, {"--set", "data.max_prompt_tokens=8"}), 2);
  EXPECT_THAT(learner_.log(), AllOf(HasSubstr("train.jsonl:7"), HasSubstr("12 tokens"), HasSubstr("max_prompt_tokens")));
}

TEST_F(LearnerInputTest, ADataLineThatIsNoJsonIsNamed) {
  Edit("train.jsonl", "{\"answer\":3,", "{answer:3,");
  EXPECT_EQ(Run(), 2);
  EXPECT_THAT(learner_.log(), HasSubstr("train.jsonl:3"));
}

TEST_F(LearnerInputTest, ADamagedModelIsNamed) {
  std::filesystem::resize_file(learner_.path("model/model.safetensors"), 1000);
  EXPECT_EQ(Run(), 2);
  EXPECT_THAT(learner_.log(), HasSubstr("model.safetensors"));
}

TEST_F(LearnerInputTest, ARedisThatIsNotThereIsNamedByItsAddress) {
  EXPECT_EQ(RunWithout("--redis"), 5);
  EXPECT_THAT(learner_.log(), HasSubstr("Redis at 127.0.0.1:1"));
  EXPECT_TRUE(NothingBegan());
}

TEST_F(LearnerInputTest, ARewardServiceThatIsNotThereIsNamedByItsAddress) {
  EXPECT_EQ(RunWithout("--reward"), 5);
  EXPECT_THAT(learner_.log(), HasSubstr("reward service at 127.0.0.1:1"));
  EXPECT_TRUE(NothingBegan());
}

TEST_F(LearnerInputTest, WhoIsStoppedWhileItWaitsForTheRewardServiceDoesNotSayThatTheRunIsDone) {
  for (const bool exit_when_done : {true, false}) {
    process::ChildProcess::Options options;
    options.command = {absl::StrCat(getenv("COHORT_BIN"), "/cohort-learner")};
    for (const std::string& argument : learner_.Arguments(/*resume=*/false)) options.command.push_back(argument);
    *(std::find(options.command.begin(), options.command.end(), "--reward") + 1) = "127.0.0.1:1";
    if (exit_when_done) options.command.push_back("--exit-when-done");
    const std::string name = exit_when_done ? "ends" : "stays";
    options.log_file = learner_.path(name + ".log");
    const auto process = process::ChildProcess::Start(options);
    ASSERT_OK(process);
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    while (learner_.log(name).empty() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(10));
    (*process)->Signal(SIGTERM);
    EXPECT_THAT((*process)->Wait(absl::Now() + absl::Seconds(20)), IsOkAndHolds(exit_when_done ? 1 : 0));
  }
}

TEST_F(LearnerInputTest, ARunDirectoryIsNeitherOverwrittenNorGivenToAnotherConfig) {
  ASSERT_OK(learner_.Start(/*resume=*/false));
  learner_.StartWorkers(1);
  ASSERT_OK(learner_.WaitUntilFinished(absl::Now() + absl::Seconds(20)));
  EXPECT_EQ(Run(/*resume=*/true), 1);
  EXPECT_THAT(learner_.log(), HasSubstr("another learner"));
  learner_.StopWorkers();
  learner_.process().Stop(absl::Now() + absl::Seconds(5));
  const std::string weights = learner_.FinalWeights();

  EXPECT_EQ(Run(/*resume=*/false), 1);
  EXPECT_THAT(learner_.log(), HasSubstr("--resume"));
  EXPECT_EQ(Run(/*resume=*/true, {"--set", "optimizer.learning_rate=0.5"}), 1);
  EXPECT_THAT(learner_.log(), HasSubstr("another config"));
  Edit("train.jsonl", "\"answer\":4", "\"answer\":5");
  EXPECT_EQ(Run(/*resume=*/true), 1);
  EXPECT_THAT(learner_.log(), HasSubstr("data.train"));
  EXPECT_EQ(learner_.FinalWeights(), weights);
}

TEST_F(LearnerInputTest, HelpHasAnExampleAndBadOptionsAreUsageErrors) {
  EXPECT_EQ(learner_.RunToTheEnd({"run", "--help"}), 0);
  EXPECT_THAT(learner_.log(), HasSubstr("Example:"));
  EXPECT_EQ(learner_.RunToTheEnd({"run", "--no-such-option"}), 2);
  EXPECT_EQ(learner_.RunToTheEnd({}), 2);
}

}  // namespace
}  // namespace cohort::learner

#include "services/cli/launch/results.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Evaluation OneProblem(const std::string& text, bool correct, int64_t tokens) {
  Evaluation evaluation;
  evaluation.prompts = {"1 + 1"};
  evaluation.gold_answers = {"2"};
  GradedCompletion c;
  c.text = text;
  c.correct = c.format_ok = correct;
  c.verdict = correct ? "CORRECT" : "FORMAT";
  c.tokens = tokens;
  evaluation.sampled = {c};
  evaluation.greedy = {c};
  return evaluation;
}

RunData FinishedRun() {
  RunData run;
  for (int step = 0; step < 3; ++step) {
    learner::v1::StepRecord record;
    record.set_step(step);
    record.set_tokens(1000);
    run.steps.push_back(record);
  }
  run.before = OneProblem("easy 3\x1b[2J", false, 10);
  run.after = OneProblem("<think>1 + 1 = 2</think><answer>2</answer>", true, 25);
  return run;
}

TEST(ResultsTest, TheSummaryHasWhatScriptsReadFromIt) {
  RunOutcome outcome;
  outcome.run = "small";
  outcome.steps = 3;
  outcome.seed = 7;
  outcome.train_seconds = 6;
  const nlohmann::json summary = Summarize(outcome, FinishedRun());
  EXPECT_EQ(summary["steps"], 3);
  EXPECT_EQ(summary["seed"], 7);
  EXPECT_EQ(summary["train_seconds"], 6.0);
  EXPECT_EQ(summary["tokens_per_second"], 500.0);
  EXPECT_EQ(summary["before"]["accuracy"], 0.0);
  EXPECT_EQ(summary["after"]["accuracy"], 1.0);
  EXPECT_EQ(summary["after"]["format"], 1.0);
  EXPECT_EQ(summary["after"]["mean_length"], 25.0);
  EXPECT_EQ(summary["after"]["greedy_accuracy"], 1.0);
  EXPECT_TRUE(summary["before"].contains("self_check"));
}

TEST(ResultsTest, TheTableComparesBeforeAndAfter) {
  const std::string table = OutcomeTable(Summarize(RunOutcome(), FinishedRun()));
  EXPECT_THAT(table, AllOf(HasSubstr("before"), HasSubstr("after"), HasSubstr("0.0 %"), HasSubstr("100.0 %"), HasSubstr("25.0")));
  EXPECT_EQ(OutcomeTable(nlohmann::json::object()), "");
}

TEST(ResultsTest, TheExampleShowsBothCompletionsButNoTerminalControl) {
  const std::string text = ExampleText(FinishedRun());
  EXPECT_THAT(text, AllOf(HasSubstr("1 + 1"), HasSubstr("easy 3"), HasSubstr("<answer>2</answer>"), HasSubstr("25 tokens"), Not(HasSubstr("\x1b"))));
}

}  // namespace
}  // namespace cohort::cli

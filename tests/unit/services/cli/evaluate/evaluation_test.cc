#include "services/cli/evaluate/evaluation.h"

#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "nlohmann/json.hpp"

namespace cohort::cli {
namespace {

using ::testing::HasSubstr;

GradedCompletion Graded(int64_t problem, bool correct, bool format_ok, int64_t tokens, bool self_check = false) {
  GradedCompletion c;
  c.problem = problem;
  c.correct = correct;
  c.format_ok = format_ok;
  c.tokens = tokens;
  c.self_check = self_check;
  c.text = "text";
  return c;
}

TEST(EvaluationTest, MetricsAreMeansOverCompletions) {
  const EvaluationMetrics metrics = Measure({Graded(0, true, true, 10, true), Graded(0, false, true, 20), Graded(1, false, false, 30), Graded(1, true, true, 40)});
  EXPECT_DOUBLE_EQ(metrics.accuracy, 0.5);
  EXPECT_DOUBLE_EQ(metrics.format, 0.75);
  EXPECT_DOUBLE_EQ(metrics.mean_length, 25);
  EXPECT_DOUBLE_EQ(metrics.self_check, 0.25);
}

TEST(EvaluationTest, ComesBackFromItsFileAsItWas) {
  testing::TempDir directory;
  Evaluation evaluation;
  evaluation.model = "configs/tiny";
  evaluation.prompts = {"1 + 1"};
  evaluation.gold_answers = {"2"};
  evaluation.sampled = {Graded(0, true, true, 12, true)};
  evaluation.greedy = {Graded(0, false, true, 7)};
  ASSERT_OK(SaveEvaluation(evaluation, directory / "before.json"));

  ASSERT_OK_AND_ASSIGN(const Evaluation back, LoadEvaluation(directory / "before.json"));
  EXPECT_EQ(MetricsJson(back), MetricsJson(evaluation));
  EXPECT_EQ(back.prompts, evaluation.prompts);
  EXPECT_EQ(MetricsJson(back)["greedy_accuracy"], 0.0);
}

TEST(EvaluationTest, ADamagedFileIsNamed) {
  testing::TempDir directory;
  ASSERT_OK(io::WriteFileAtomically(directory / "before.json", "{\"prompts\": 3}"));
  EXPECT_THAT(LoadEvaluation(directory / "before.json"), testing::StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("before.json")));
}

TEST(EvaluationTest, ExamplesShowAProblemThatTurnedFromWrongToRight) {
  Evaluation before, after;
  before.prompts = after.prompts = {"a", "b", "c"};
  before.sampled = {Graded(0, true, true, 10), Graded(1, false, false, 10), Graded(2, false, false, 10)};
  after.sampled = {Graded(0, true, true, 30, true), Graded(1, false, false, 30), Graded(2, true, true, 30, true)};
  const std::vector<ExamplePair> examples = TellingExamples(before, after, 1);
  ASSERT_EQ(examples.size(), 1u);
  EXPECT_EQ(examples[0].problem, 2);

  after.prompts[0] = "another";
  EXPECT_TRUE(TellingExamples(before, after, 1).empty()) << "different problems cannot be compared";
}

}  // namespace
}  // namespace cohort::cli

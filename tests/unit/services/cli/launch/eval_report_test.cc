#include "services/cli/evaluate/eval_report.h"

#include "gtest/gtest.h"

namespace cohort::cli {
namespace {

GradedCompletion Answer(int64_t problem, int64_t sample, const std::string& answer, bool correct) {
  GradedCompletion c;
  c.problem = problem;
  c.sample = sample;
  c.answer = answer;
  c.correct = correct;
  return c;
}

TEST(EvalReportTest, StatisticsAreMeansOverProblems) {
  Evaluation evaluation;
  evaluation.prompts = {"a", "b"};
  // Problem 0: right, right, wrong. Problem 1: wrong, wrong, right.
  evaluation.sampled = {Answer(0, 0, "1", true),  Answer(0, 1, "1", true),  Answer(0, 2, "2", false),
                        Answer(1, 0, "8", false), Answer(1, 1, "8", false), Answer(1, 2, "9", true)};
  const KStatistics statistics = ComputeKStatistics(evaluation);
  EXPECT_NEAR(statistics.pass_at.at(1), 0.5, 1e-12);
  EXPECT_NEAR(statistics.pass_at.at(2), (1.0 + (1 - 1.0 / 3)) / 2, 1e-12);  // 1 - C(2,2)/C(3,2) for the second.
  EXPECT_NEAR(statistics.pass_at.at(3), 1, 1e-12);
  EXPECT_NEAR(statistics.majority_at.at(3), 0.5, 1e-12);
  EXPECT_EQ(EvalJson(evaluation)["pass_at"]["3"], 1.0);
}

TEST(EvalReportTest, AGreedyOnlyEvaluationHasNoSampledStatistics) {
  Evaluation evaluation;
  evaluation.prompts = {"a"};
  evaluation.greedy = {Answer(0, 0, "1", true)};
  EXPECT_TRUE(ComputeKStatistics(evaluation).pass_at.empty());
  EXPECT_EQ(EvalJson(evaluation)["greedy_accuracy"], 1.0);
}

}  // namespace
}  // namespace cohort::cli

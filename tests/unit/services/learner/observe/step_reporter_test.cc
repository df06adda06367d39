#include "services/learner/observe/step_reporter.h"

#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "services/learner/observe/sample_log.h"

namespace cohort::learner {
namespace {

using ::cohort::testing::IsOk;
using ::testing::HasSubstr;
using ::testing::Not;

learner::v1::StepRecord Record(int64_t step) {
  learner::v1::StepRecord record;
  record.set_step(step);
  record.set_policy_version(step + 1);
  record.set_tokens(100);
  return record;
}

TEST(StepReporterTest, AStepGoesToFilesFeedAndMetricsAndComesBackAfterAResume) {
  testing::TempDir directory;
  metrics::Registry registry;
  StepMetrics step_metrics(registry);
  {
    RunFeed feed;
    ASSERT_OK_AND_ASSIGN(const auto reporter, StepReporter::Open(directory.path(), 0, 16, &feed, &step_metrics));
    for (int64_t step = 0; step < 3; ++step) reporter->Report(Record(step), "{\"step\":" + std::to_string(step) + "}\n", "");
    EXPECT_EQ(feed.size(), 3);
    EXPECT_THAT(registry.Expose(), HasSubstr("cohort_learner_tokens_trained_total 300"));
  }
  RunFeed feed;
  ASSERT_OK_AND_ASSIGN(const auto reporter, StepReporter::Open(directory.path(), /*next_step=*/2, 16, &feed, &step_metrics));
  EXPECT_EQ(feed.size(), 2);
  EXPECT_EQ(feed.State().steps_done(), 2);
  EXPECT_EQ(*io::ReadFile(directory / "ledger.jsonl"), "{\"step\":0}\n{\"step\":1}\n");
}

TEST(StepReporterTest, LogProbabilitiesThatDifferMuchAreWarnedAbout) {
  testing::TempDir directory;
  metrics::Registry registry;
  StepMetrics step_metrics(registry);
  RunFeed feed;
  ASSERT_OK_AND_ASSIGN(const auto reporter, StepReporter::Open(directory.path(), 0, 16, &feed, &step_metrics));
  const auto logged = [&](int64_t step, double difference) {
    learner::v1::StepRecord record = Record(step);
    record.set_logprob_diff_mean(difference);
    ::testing::internal::CaptureStderr();
    reporter->Report(record, "", "");
    return ::testing::internal::GetCapturedStderr();
  };
  EXPECT_THAT(logged(0, 0.09), Not(HasSubstr("log-probabilities")));
  EXPECT_THAT(logged(1, 0.25), HasSubstr("step=1 log-probabilities of the same tokens differ by 0.250 on average"));
}

TEST(SampleLogTest, LinesAreForPeople) {
  config::v1::RunConfig config;
  config.mutable_reward()->set_accuracy_weight(2);
  learner::v1::Group group;
  group.set_group_id("run/4/0");
  group.set_step(4);
  group.set_trace_id("4bf92f3577b34da6a3ce929d0e0e4736");
  for (int i = 0; i < 6; ++i) {
    auto& completion = *group.add_completions();
    completion.set_text("bad \xff byte");
    completion.mutable_score()->set_verdict(reward::v1::VERDICT_CORRECT);
    completion.set_finish_reason(common::v1::FINISH_REASON_STOP);
  }
  const std::string lines = SampleLines(config, group, {{1}, "1 + 1", "2", "train.jsonl:1", "sums"});
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 4);
  const auto first = nlohmann::json::parse(lines.substr(0, lines.find('\n')));
  EXPECT_EQ(first["step"], 4);
  EXPECT_EQ(first["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(first["prompt"], "1 + 1");
  EXPECT_EQ(first["gold_answer"], "2");
  EXPECT_EQ(first["source"], "sums");
  EXPECT_EQ(first["verdict"], "CORRECT");
  EXPECT_EQ(first["finish_reason"], "STOP");
  EXPECT_EQ(first["reward"], 2);
}

}  // namespace
}  // namespace cohort::learner

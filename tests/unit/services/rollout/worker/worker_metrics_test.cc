#include "services/rollout/worker/worker_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"

namespace cohort::rollout {
namespace {

using ::testing::HasSubstr;

TEST(WorkerMetricsTest, CountersFollowTheEnginesTotals) {
  metrics::Registry registry;
  WorkerMetrics metrics(registry);
  EXPECT_THAT(registry.Expose(), HasSubstr("cohort_rollout_preemptions_total 0\n"));
  EngineLoad load;
  load.tokens = 70;
  load.sequences = 12;
  load.preemptions = 3;
  metrics.ReportEngine(load, absl::Now());
  load.tokens = 90;
  load.sequences = 9;
  load.preemptions = 5;
  metrics.ReportEngine(load, absl::Now());
  const std::string text = registry.Expose();
  EXPECT_THAT(text, HasSubstr("cohort_rollout_preemptions_total 5\n"));
  EXPECT_THAT(text, HasSubstr("cohort_rollout_tokens_total 90\n"));
  EXPECT_THAT(text, HasSubstr("cohort_rollout_batch_sequences 9\n"));
}

}  // namespace
}  // namespace cohort::rollout

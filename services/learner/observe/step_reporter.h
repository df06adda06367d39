#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/cohort/learner/v1/run_service.pb.h"
#include "services/learner/observe/event_writer.h"
#include "services/learner/observe/run_feed.h"
#include "services/learner/observe/sample_feed.h"
#include "services/learner/observe/step_log.h"
#include "services/learner/observe/step_metrics.h"

namespace cohort::learner {

// Writes what a step did to everybody who looks: steps.jsonl, samples.jsonl, ledger.jsonl and tensorboard/ in the run directory, the feed behind
// RunService, the metrics, the log. Not thread-safe. A file that cannot be written (disk full) is logged and costs lines, not the run.
class StepReporter {
 public:
  // Opens the files for a run that goes on with `next_step`; what they say about later steps is dropped, what they say about earlier ones goes into
  // the feeds. Feeds and metrics outlive the reporter; `sample_feed` may be null.
  static absl::StatusOr<std::unique_ptr<StepReporter>> Open(const std::string& run_directory, int64_t next_step, int64_t max_new_tokens,
                                                            RunFeed* feed, StepMetrics* metrics, SampleFeed* sample_feed = nullptr);

  // `ledger` and `samples` are whole lines of those files.
  void Report(const learner::v1::StepRecord& record, const std::string& ledger, const std::string& samples);

  // Flushes the files to disk: what a checkpoint says is done must be in them.
  void Sync();

 private:
  StepReporter() = default;

  std::unique_ptr<StepLog> steps_;
  std::unique_ptr<StepLog> samples_;
  std::unique_ptr<StepLog> ledger_;
  std::unique_ptr<EventWriter> events_;
  int64_t max_new_tokens_ = 0;
  RunFeed* feed_ = nullptr;
  StepMetrics* metrics_ = nullptr;
  SampleFeed* sample_feed_ = nullptr;
};

}  // namespace cohort::learner

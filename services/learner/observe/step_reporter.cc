#include "services/learner/observe/step_reporter.h"

#include "absl/strings/str_format.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "google/protobuf/util/json_util.h"
#include "services/learner/observe/message_json.h"
#include "services/learner/observe/scalars.h"

namespace cohort::learner {
namespace {

// A lost line is worth a log entry, not the run.
void Note(const absl::Status& status) {
  if (!status.ok()) COHORT_LOG(ERROR) << status.message();
}

constexpr double kSuspicious = 0.1;  // Nats; as in the alert CohortPolicyMismatch.

void Log(const learner::v1::StepRecord& r) {
  COHORT_LOG(INFO) << absl::StreamFormat(
      "step=%d reward=%.3f accuracy=%.3f format=%.3f length=%.1f kl=%.4f entropy=%.3f loss=%.4f grad_norm=%.3f lr=%.2e tokens/s=%.0f seconds=%.2f "
      "(waiting %.2f, update %.2f)",
      r.step(), r.reward_mean(), r.accuracy(), r.format(), r.length_mean(), r.kl(), r.entropy(), r.loss(), r.grad_norm(), r.learning_rate(),
      r.tokens_per_second(), r.step_seconds(), r.wait_seconds(), r.update_seconds());
  if (r.logprob_diff_mean() <= kSuspicious) return;
  COHORT_LOG(WARNING) << absl::StreamFormat(
      "step=%d log-probabilities of the same tokens differ by %.3f on average between the workers and the learner: a worker computes wrongly or with other "
      "weights, see the workers' logs; much staleness has the same effect",
      r.step(), r.logprob_diff_mean());
}

}  // namespace

absl::StatusOr<std::unique_ptr<StepReporter>> StepReporter::Open(const std::string& run_directory, int64_t next_step, int64_t max_new_tokens,
                                                                 RunFeed* feed, StepMetrics* metrics, SampleFeed* sample_feed) {
  std::unique_ptr<StepReporter> reporter(new StepReporter);
  reporter->max_new_tokens_ = max_new_tokens;
  reporter->feed_ = feed;
  reporter->metrics_ = metrics;
  reporter->sample_feed_ = sample_feed;
  const auto into_feed = [feed](absl::string_view line) {
    learner::v1::StepRecord record;
    google::protobuf::util::JsonParseOptions options;
    options.ignore_unknown_fields = true;
    if (google::protobuf::util::JsonStringToMessage(std::string(line), &record, options).ok()) feed->Add(record);
  };
  COHORT_ASSIGN_OR_RETURN(reporter->steps_, StepLog::Open(run_directory + "/steps.jsonl", next_step, into_feed));
  const auto into_sample_feed = [sample_feed](absl::string_view line) {
    if (sample_feed != nullptr) sample_feed->Add(line);
  };
  COHORT_ASSIGN_OR_RETURN(reporter->samples_, StepLog::Open(run_directory + "/samples.jsonl", next_step, into_sample_feed));
  COHORT_ASSIGN_OR_RETURN(reporter->ledger_, StepLog::Open(run_directory + "/ledger.jsonl", next_step));
  COHORT_ASSIGN_OR_RETURN(reporter->events_, EventWriter::Create(run_directory + "/tensorboard", next_step));
  return reporter;
}

void StepReporter::Report(const learner::v1::StepRecord& record, const std::string& ledger, const std::string& samples) {
  Note(ledger_->Append(ledger));
  Note(samples_->Append(samples));
  Note(steps_->Append(MessageToJson(record).dump() + "\n"));
  Note(events_->Write(record.step(), StepScalars(record), {LengthHistogram(record, max_new_tokens_)}));
  metrics_->ObserveStep(record);
  if (sample_feed_ != nullptr) sample_feed_->Add(samples);
  feed_->Add(record);
  Log(record);
}

void StepReporter::Sync() {
  for (StepLog* log : {ledger_.get(), samples_.get(), steps_.get()}) Note(log->Sync());
}

}  // namespace cohort::learner

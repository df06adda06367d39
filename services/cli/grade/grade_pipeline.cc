#include "services/cli/grade/grade_pipeline.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rpc/status.h"
#include "common/status/status_macros.h"

namespace cohort::cli {
namespace {

namespace rv1 = cohort::reward::v1;

constexpr absl::Duration kWatchInterval = absl::Seconds(1);
constexpr absl::Duration kIdleWait = absl::Milliseconds(10);
constexpr int kMaxFailuresInARow = 3;

}  // namespace

// One ScoreStream call with the thread that reads its responses.
struct GradePipeline::Call {
  explicit Call(const std::shared_ptr<grpc::Channel>& channel) : stub(rv1::RewardService::NewStub(channel)), stream(stub->ScoreStream(&context)) {}

  std::unique_ptr<rv1::RewardService::Stub> stub;
  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReaderWriter<rv1::ScoreStreamRequest, rv1::ScoreStreamResponse>> stream;
  sync::Thread reader;
};

GradePipeline::GradePipeline(Connect connect, std::FILE* out, absl::Duration patience)
    : connect_(std::move(connect)), out_(out), patience_(patience), last_progress_(absl::Now()), watchdog_("grade-watch", [this] { Watch(); }) {}

GradePipeline::~GradePipeline() {
  if (call_ != nullptr) {
    call_->context.TryCancel();
    [[maybe_unused]] const absl::Status ended = Close();
  }
  stop_.RequestStop();
}

absl::Status GradePipeline::Open() {
  COHORT_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel, connect_());
  call_ = std::make_unique<Call>(channel);
  {
    absl::MutexLock lock(&mutex_);
    broken_ = false;
    moved_ = false;
    last_progress_ = absl::Now();
    watched_ = &call_->context;
  }
  call_->reader = sync::Thread("grade-read", [this] { ReadResponses(*call_); });
  return absl::OkStatus();
}

absl::Status GradePipeline::Close() {
  call_->stream->WritesDone();
  call_->reader.Join();
  const grpc::Status ended = call_->stream->Finish();
  {
    absl::MutexLock lock(&mutex_);
    watched_ = nullptr;
  }
  call_.reset();
  return rpc::FromGrpc(ended);
}

absl::Status GradePipeline::Add(std::vector<GradeRow> rows) {
  auto batch = std::make_shared<Batch>();
  batch->rows = std::move(rows);
  batch->number = next_number_++;
  if (call_ == nullptr) COHORT_RETURN_IF_ERROR(Open());
  for (bool added = false; !added;) {
    bool broken = false;
    {
      absl::MutexLock lock(&mutex_);
      const auto can_go_on = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return broken_ || in_flight_.size() < kMaxBatchesInFlight; };
      mutex_.Await(absl::Condition(&can_go_on));
      broken = broken_;
      if (output_failed_) return absl::UnavailableError("the output cannot be written");
      if (!broken && in_flight_.empty()) last_progress_ = absl::Now();
      if (!broken) in_flight_.push_back(batch);
      added = !broken;
    }
    if (broken) COHORT_RETURN_IF_ERROR(Recover());
  }
  return Send(*batch) ? absl::OkStatus() : Recover();
}

// A batch without a single good row is done at once.
bool GradePipeline::Send(const Batch& batch) {
  rv1::ScoreStreamRequest request;
  for (size_t i = 0; i < batch.rows.size(); ++i) {
    if (!batch.rows[i].ok()) continue;
    rv1::ScoreItem& item = *request.add_items();
    item = batch.rows[i].item;
    item.set_id(absl::StrCat(batch.number, ":", i));
  }
  if (request.items_size() > 0) return call_->stream->Write(request);
  absl::MutexLock lock(&mutex_);
  const auto found = std::find_if(in_flight_.begin(), in_flight_.end(), [&](const auto& other) { return other.get() == &batch; });
  for (const GradeRow& row : batch.rows) (*found)->output += FormatError(row);
  (*found)->done = true;
  WriteDone();
  return true;
}

void GradePipeline::ReadResponses(Call& call) {
  rv1::ScoreStreamResponse response;
  while (call.stream->Read(&response)) Take(response);
  absl::MutexLock lock(&mutex_);
  broken_ = true;
}

void GradePipeline::Take(const rv1::ScoreStreamResponse& response) {
  if (response.results().empty()) return;
  const std::string& first = response.results(0).id();
  int64_t number = -1;
  if (!absl::SimpleAtoi(first.substr(0, first.find(':')), &number)) return;
  std::shared_ptr<Batch> batch;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& candidate : in_flight_) {
      if (candidate->number == number && !candidate->done) batch = candidate;
    }
  }
  if (batch == nullptr) return;
  std::string output;
  int next = 0;
  for (const GradeRow& row : batch->rows) output += row.ok() ? FormatResult(row, response.results(next++)) : FormatError(row);
  absl::MutexLock lock(&mutex_);
  batch->output = std::move(output);
  batch->done = true;
  moved_ = true;
  last_progress_ = absl::Now();
  WriteDone();
}

void GradePipeline::WriteDone() {
  bool any = false;
  for (; !in_flight_.empty() && in_flight_.front()->done; in_flight_.pop_front()) {
    const std::string& output = in_flight_.front()->output;
    output_failed_ = output_failed_ || std::fwrite(output.data(), 1, output.size(), out_) != output.size();
    any = true;
  }
  if (any) output_failed_ = std::fflush(out_) != 0 || output_failed_;
}

absl::Status GradePipeline::Recover() {
  for (;;) {
    call_->context.TryCancel();
    const absl::Status ended = Close();
    std::vector<std::shared_ptr<Batch>> again;
    {
      absl::MutexLock lock(&mutex_);
      failures_in_a_row_ = moved_ ? 1 : failures_in_a_row_ + 1;
      for (const auto& batch : in_flight_) {
        if (!batch->done) again.push_back(batch);
      }
    }
    const bool may_help = absl::IsUnavailable(ended) || absl::IsCancelled(ended) || absl::IsResourceExhausted(ended);
    if (!may_help) return ended;
    if (failures_in_a_row_ > kMaxFailuresInARow) {
      return absl::IsCancelled(ended) ? absl::DeadlineExceededError(absl::StrCat("the reward service did not answer for ", absl::FormatDuration(patience_)))
                                      : ended;
    }
    COHORT_RETURN_IF_ERROR(Open());
    if (std::all_of(again.begin(), again.end(), [this](const auto& batch) { return Send(*batch); })) return absl::OkStatus();
  }
}

absl::StatusOr<bool> GradePipeline::Idle() {
  {
    absl::MutexLock lock(&mutex_);
    const auto settled = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return broken_ || in_flight_.empty(); };
    mutex_.AwaitWithTimeout(absl::Condition(&settled), kIdleWait);
    if (output_failed_) return absl::UnavailableError("the output cannot be written");
    if (!broken_ || in_flight_.empty()) return in_flight_.empty();
  }
  COHORT_RETURN_IF_ERROR(Recover());
  return false;
}

absl::Status GradePipeline::Finish() {
  for (;;) {
    {
      absl::MutexLock lock(&mutex_);
      const auto settled = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return broken_ || in_flight_.empty(); };
      mutex_.Await(absl::Condition(&settled));
      if (output_failed_) return absl::UnavailableError("the output cannot be written");
      if (in_flight_.empty()) break;
    }
    COHORT_RETURN_IF_ERROR(Recover());
  }
  return call_ == nullptr ? absl::OkStatus() : Close();
}

void GradePipeline::Watch() {
  while (!stop_.token().WaitFor(kWatchInterval)) {
    absl::MutexLock lock(&mutex_);
    if (watched_ != nullptr && !in_flight_.empty() && absl::Now() - last_progress_ > patience_) watched_->TryCancel();
  }
}

}  // namespace cohort::cli

#include "services/reward/server/stream_reactor.h"

#include <utility>

#include "common/log/log.h"
#include "common/rpc/status.h"
#include "services/reward/server/request_checks.h"

namespace cohort::reward {

StreamReactor::StreamReactor(WorkerPool& pool, VerdictMetrics& metrics, std::string trace_tag)
    : pool_(pool), metrics_(metrics), trace_tag_(std::move(trace_tag)) {
  Update([] {});
}

void StreamReactor::Update(const std::function<void()>& change) {
  bool read = false;
  const v1::ScoreStreamResponse* write = nullptr;
  bool finish = false;
  absl::Status status;
  {
    absl::MutexLock lock(&mutex_);
    change();
    if (finished_) return;
    const bool over = read_all_ || !status_.ok();
    if (!over && !reading_ && at_work_.size() + to_write_.size() < kMaxBatchesInFlight) read = reading_ = true;
    if (!writing_ && !to_write_.empty() && status_.ok()) {
      writing_ = true;
      write = &to_write_.front();
    }
    if (over && !reading_ && !writing_ && at_work_.empty()) {
      finished_ = finish = true;
      status = status_;
    }
  }
  if (read) StartRead(&incoming_);
  if (write != nullptr) StartWrite(write);
  if (finish) Finish(rpc::ToGrpc(status));
}

void StreamReactor::OnReadDone(bool ok) {
  if (ok) {
    auto batch = std::make_shared<Batch>();
    batch->request.Swap(&incoming_);
    Submit(batch);
  }
  Update([&] {
    reading_ = false;
    read_all_ = !ok;
  });
}

// Runs while reading_ is set.
void StreamReactor::Submit(const std::shared_ptr<Batch>& batch) {
  absl::StatusOr<std::vector<CheckInput>> checks = ChecksOf(batch->request.items());
  if (!checks.ok()) {
    COHORT_LOG(WARNING) << "a request is refused: " << checks.status().message() << trace_tag_;
    return Fail(checks.status());
  }
  if (checks->empty()) return Update([this] { to_write_.emplace_back(); });
  const auto done = [this, batch](const std::vector<CheckOutcome>& outcomes) { BatchDone(batch, outcomes); };
  const auto job = std::make_shared<Job>(*std::move(checks), done, trace_tag_);
  batch->job = job;
  Update([&] {
    at_work_.insert(batch);
    if (!status_.ok()) job->Cancel();
  });
  pool_.SubmitWhenRoom(job);
}

void StreamReactor::BatchDone(const std::shared_ptr<Batch>& batch, const std::vector<CheckOutcome>& outcomes) {
  v1::ScoreStreamResponse response;
  FillResults(batch->request.items(), outcomes, response.mutable_results());
  metrics_.Count(batch->request.items(), response.results());
  Update([&] {
    at_work_.erase(batch);
    batch->job.reset();  // It holds the callback that holds the batch.
    to_write_.push_back(std::move(response));
  });
}

void StreamReactor::OnWriteDone(bool ok) {
  Update([&] {
    writing_ = false;
    to_write_.pop_front();
    if (!ok && status_.ok()) status_ = absl::CancelledError("the client went away");
  });
}

void StreamReactor::OnCancel() { Fail(absl::CancelledError("the call was cancelled")); }

void StreamReactor::Fail(const absl::Status& status) {
  Update([&] {
    if (status_.ok()) status_ = status;
    for (const std::shared_ptr<Batch>& batch : at_work_) batch->job->Cancel();
  });
}

}  // namespace cohort::reward

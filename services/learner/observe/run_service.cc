#include "services/learner/observe/run_service.h"

#include "absl/time/clock.h"
#include "common/rpc/status.h"
#include "common/status/errors.h"

namespace cohort::learner {
namespace {

constexpr int kMaxWatchers = 32;
// How long a watcher that has gone away may keep its thread.
constexpr absl::Duration kCancelCheck = absl::Milliseconds(250);
constexpr absl::Duration kRetryDelay = absl::Seconds(2);

}  // namespace

grpc::Status RunServiceImpl::GetRun(grpc::ServerContext*, const learner::v1::GetRunRequest*, learner::v1::GetRunResponse* response) {
  *response = feed_->State();
  response->set_open_slots(static_cast<int64_t>(intake_->Unresolved().size()));
  return grpc::Status::OK;
}

grpc::Status RunServiceImpl::WatchSteps(grpc::ServerContext* context, const learner::v1::WatchStepsRequest* request,
                                        grpc::ServerWriter<learner::v1::WatchStepsResponse>* writer) {
  absl::Status status;
  if (watchers_.fetch_add(1) < kMaxWatchers) {
    status = Stream(*context, request->from_step(), *writer);
  } else {
    status = WithRetryDelay(absl::ResourceExhaustedError("too many callers watch the run already"), kRetryDelay);
  }
  watchers_.fetch_sub(1);
  return rpc::ToGrpc(status);
}

absl::Status RunServiceImpl::Stream(grpc::ServerContext& context, int64_t from_step, grpc::ServerWriter<learner::v1::WatchStepsResponse>& writer) {
  int64_t next = from_step;
  while (!context.IsCancelled()) {
    absl::StatusOr<learner::v1::StepRecord> record = feed_->WaitFor(next, absl::Now() + kCancelCheck);
    if (absl::IsDeadlineExceeded(record.status())) continue;
    if (absl::IsOutOfRange(record.status())) return absl::OkStatus();
    if (!record.ok()) return record.status();
    next = record->step() + 1;
    learner::v1::WatchStepsResponse response;
    *response.mutable_record() = *std::move(record);
    if (!writer.Write(response)) break;
  }
  return absl::CancelledError("the caller has gone");
}

}  // namespace cohort::learner

#include "services/cli/progress/step_watcher.h"

#include <utility>

#include "absl/time/clock.h"
#include "common/rpc/client.h"
#include "proto/cohort/learner/v1/run_service.grpc.pb.h"

namespace cohort::cli {
namespace {

constexpr absl::Duration kPollTimeout = absl::Seconds(2);
constexpr absl::Duration kPause = absl::Milliseconds(200);
// A stream is opened anew so often, and the state of the run read in between.
constexpr absl::Duration kStreamTime = absl::Seconds(5);

}  // namespace

StepWatcher::StepWatcher(std::string address, int64_t from_step)
    : address_(std::move(address)), next_step_(from_step), thread_("step-watcher", [this] { Follow(); }) {}

StepWatcher::~StepWatcher() {
  {
    absl::MutexLock lock(&mutex_);
    stop_ = true;
    if (call_ != nullptr) call_->TryCancel();
  }
  thread_.Join();
}

WatchedRun StepWatcher::Latest() const {
  absl::MutexLock lock(&mutex_);
  return latest_;
}

bool StepWatcher::BeginCall(grpc::ClientContext* context) {
  absl::MutexLock lock(&mutex_);
  if (stop_) return false;
  call_ = context;
  return true;
}

void StepWatcher::EndCall() {
  absl::MutexLock lock(&mutex_);
  call_ = nullptr;
}

void StepWatcher::Pause(absl::Duration duration) {
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&stop_), duration);
}

void StepWatcher::Follow() {
  const std::shared_ptr<grpc::Channel> channel = rpc::Connect(address_);
  for (;;) {
    RefreshRun(channel);
    ReadSteps(channel);
    Pause(kPause);
    absl::MutexLock lock(&mutex_);
    if (stop_) return;
  }
}

void StepWatcher::RefreshRun(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::ClientContext context;
  rpc::SetDeadline(context, absl::Now() + kPollTimeout);
  if (!BeginCall(&context)) return;
  learner::v1::GetRunResponse run;
  const bool ok = learner::v1::RunService::NewStub(channel)->GetRun(&context, learner::v1::GetRunRequest(), &run).ok();
  EndCall();
  absl::MutexLock lock(&mutex_);
  latest_.connected = ok;
  if (ok) latest_.run = std::move(run);
}

void StepWatcher::ReadSteps(const std::shared_ptr<grpc::Channel>& channel) {
  learner::v1::WatchStepsRequest request;
  {
    absl::MutexLock lock(&mutex_);
    if (!latest_.connected) return;
    request.set_from_step(next_step_);
  }
  grpc::ClientContext context;
  rpc::SetDeadline(context, absl::Now() + kStreamTime);
  if (!BeginCall(&context)) return;
  const auto stream = learner::v1::RunService::NewStub(channel)->WatchSteps(&context, request);
  learner::v1::WatchStepsResponse response;
  while (stream->Read(&response)) Take(response.record());
  [[maybe_unused]] const grpc::Status end = stream->Finish();  // Whatever it was, the state of the run is read next.
  EndCall();
}

void StepWatcher::Take(const learner::v1::StepRecord& record) {
  absl::MutexLock lock(&mutex_);
  // A learner that was killed before its checkpoint does steps again; their new records replace the old ones.
  while (!latest_.records.empty() && latest_.records.back().step() >= record.step()) latest_.records.pop_back();
  latest_.records.push_back(record);
  if (latest_.records.size() > kMaxRecords) latest_.records.erase(latest_.records.begin());
  next_step_ = record.step() + 1;
}

}  // namespace cohort::cli

#include "services/rollout/worker/drain_control.h"

#include "common/log/log.h"
#include "common/rpc/call_trace.h"
#include "common/status/errors.h"

namespace cohort::rollout {

void DrainControl::Drain(const std::string& reason, absl::Duration grace, bool stay) {
  {
    absl::MutexLock lock(&mutex_);
    if (!draining_) COHORT_LOG(INFO) << "leases nothing more" << (reason.empty() ? "" : ": ") << reason << rpc::CurrentTraceTag();
    draining_ = true;
    if (!reason.empty()) reason_ = reason;
    if (!stay && !ends_.stop_requested() && grace > absl::ZeroDuration()) grace_ = grace;
    loop_.SetLeasing(false);
  }
  if (!stay) ends_.RequestStop();
}

absl::Status DrainControl::Undrain() {
  absl::MutexLock lock(&mutex_);
  if (ends_.stop_requested()) {
    return ErrorWithReason(absl::StatusCode::kFailedPrecondition, "WORKER_ENDS", "the worker is about to end; start another one");
  }
  if (draining_) COHORT_LOG(INFO) << "leases again" << rpc::CurrentTraceTag();
  draining_ = false;
  reason_.clear();
  loop_.SetLeasing(true);
  return absl::OkStatus();
}

bool DrainControl::draining() const {
  absl::MutexLock lock(&mutex_);
  return draining_;
}

std::string DrainControl::reason() const {
  absl::MutexLock lock(&mutex_);
  return reason_;
}

absl::Duration DrainControl::grace() const {
  absl::MutexLock lock(&mutex_);
  return grace_;
}

}  // namespace cohort::rollout

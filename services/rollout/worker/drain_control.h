#pragma once

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/sync/stop.h"
#include "services/rollout/worker/engine_loop.h"

namespace cohort::rollout {

// Whether the worker leases tasks, and whether it is to end. A drain takes effect at once: what has not begun goes back to the queue. Thread-safe.
class DrainControl {
 public:
  // `loop` outlives the control. A drain that names no grace period has `default_grace`.
  DrainControl(EngineLoop& loop, absl::Duration default_grace) : loop_(loop), grace_(default_grace) {}

  // Leases nothing more. Unless `stay`, the process is to end: ends() is stopped, and the first such call decides the grace period (zero: the
  // default).
  void Drain(const std::string& reason, absl::Duration grace, bool stay) ABSL_LOCKS_EXCLUDED(mutex_);

  // Leases again. FAILED_PRECONDITION (reason WORKER_ENDS) when the process is to end.
  absl::Status Undrain() ABSL_LOCKS_EXCLUDED(mutex_);

  bool draining() const ABSL_LOCKS_EXCLUDED(mutex_);
  std::string reason() const ABSL_LOCKS_EXCLUDED(mutex_);
  // What groups in progress may take once the process is to end.
  absl::Duration grace() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Stopped when the process is to end.
  sync::StopToken ends() const { return ends_.token(); }

 private:
  EngineLoop& loop_;
  sync::StopSource ends_;
  mutable absl::Mutex mutex_;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  std::string reason_ ABSL_GUARDED_BY(mutex_);
  absl::Duration grace_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cohort::rollout

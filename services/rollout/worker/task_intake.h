#pragma once

#include "common/queue/prompt_queue.h"
#include "common/sync/stop.h"
#include "common/sync/thread.h"
#include "services/rollout/worker/engine_loop.h"
#include "services/rollout/worker/lease_keeper.h"

namespace cohort::rollout {

// The thread that leases tasks whenever the engine loop has room for them. An unreachable queue is asked again and again, with a warning that names its
// address. Thread-compatible.
class TaskIntake {
 public:
  // Everything that is passed must outlive the intake.
  TaskIntake(queue::PromptQueue& queue, LeaseKeeper& leases, EngineLoop& loop);
  ~TaskIntake() { Stop(); }

  // Leases nothing more; returns when the thread has ended, within a second.
  void Stop();

 private:
  void Loop();

  queue::PromptQueue& queue_;
  LeaseKeeper& leases_;
  EngineLoop& loop_;
  sync::StopSource stop_;
  sync::Thread thread_;
};

}  // namespace cohort::rollout

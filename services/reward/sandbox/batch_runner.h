#pragma once

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "services/reward/sandbox/check_queue.h"
#include "services/reward/sandbox/pool_metrics.h"
#include "services/reward/sandbox/worker_process.h"

namespace cohort::reward {

// How a batch ended.
struct BatchResult {
  enum class Worker {
    kAlive,   // Ready for the next batch.
    kKilled,  // Killed because a check passed its deadline.
    kGone,    // Died of something else, or does not read.
  };
  Worker worker = Worker::kAlive;
  std::vector<CheckOutcome> outcomes;  // Of the first checks of the batch, in order.
  // With kKilled and kGone the check after these was in progress, the ones behind it were not touched.
};

// Runs one batch on one worker. The deadline of each check begins when the worker begins with it: the first one when the worker, which has nothing else to do, uses
// CPU time, the others by the worker's own packets; queueing, the checks before it and a service that is slow to read do not count. It is measured in the worker's
// CPU time, so that a machine with too much to do does not turn right answers into timeouts, and in wall time at kWallTimeFactor times the deadline (for the first
// check kDeliveryPatience, which a worker on a busy machine may need to wake up), whatever happens. No packet says that a check has begun: it would wake the service
// once more for every call.
class BatchRunner {
 public:
  BatchRunner(WorkerProcess& worker, absl::Duration check_deadline) : worker_(worker), check_deadline_(check_deadline) {}

  BatchResult Run(const std::vector<QueuedCheck>& batch);

 private:
  // Waits for packets of the check in progress. False when the worker was killed or is gone.
  bool ReceiveOnce(const std::vector<QueuedCheck>& batch, BatchResult& result);
  // CPU time that the check in progress may still use.
  absl::Duration CpuLeft() const;
  // The CLOCK_MONOTONIC time until which the check in progress may still run; 0 when its time is up.
  int64_t ExtendedDeadline();

  WorkerProcess& worker_;
  const absl::Duration check_deadline_;
  int64_t last_ns_ = 0;          // When the check in progress is over, whatever happens.
  absl::Duration cpu_at_begin_;  // CPU time of the worker when it began, or a little later.
  int64_t until_ns_ = 0;         // When to look again.
};

}  // namespace cohort::reward

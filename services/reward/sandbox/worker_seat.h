#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "services/reward/sandbox/batch_runner.h"
#include "services/reward/sandbox/worker_pool.h"

namespace cohort::reward {

// One place of the pool: a worker process, its successors, and the thread that feeds them.
class WorkerPool::Seat {
 public:
  Seat(WorkerPool& pool, std::unique_ptr<WorkerProcess> worker, int number);

 private:
  void Run();
  void RunBatch(std::vector<QueuedCheck> batch);
  // Puts the checks without an outcome back and deals with the one that was in progress.
  void Recover(std::vector<QueuedCheck> batch, const BatchResult& result);
  // Notes that a worker died during the check; false when that happened too often.
  bool MayTryAgain(QueuedCheck& check);
  // False when the pool stops or no worker can be had.
  bool EnsureWorker();
  void RecycleIfDue();

  WorkerPool& pool_;
  std::unique_ptr<WorkerProcess> worker_;
  int64_t checks_ = 0;           // Of this worker.
  int64_t next_look_ = 0;        // At which count its memory is looked at again.
  int64_t resident_at_start_ = 0;
  sync::Thread thread_;          // Last: it uses everything above.
};

}  // namespace cohort::reward

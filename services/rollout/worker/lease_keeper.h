#pragma once

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/queue/prompt_queue.h"
#include "common/rpc/trace_context.h"
#include "common/sync/stop.h"
#include "common/sync/thread.h"

namespace cohort::rollout {

// A lease that a heartbeat keeps alive.
struct HeldLease {
  HeldLease(queue::Lease lease_in, absl::Time now)
      : lease(std::move(lease_in)), trace(rpc::TraceContext::ParseOrBegin(lease.task.traceparent())), taken(now) {}

  const queue::Lease lease;
  const rpc::TraceContext trace;  // The task's, or one of its own when that has none.
  const absl::Time taken;
  std::atomic<bool> lost{false};  // Another worker has the task: stop, the result would be dropped.
};

// Renews the leases of this process on a thread of its own, three times in the length of a lease, and marks those that were lost. While the queue's
// server is unreachable leases stay as they are: nobody else can take them over then. Thread-safe.
class LeaseKeeper {
 public:
  // `queue` must outlive the keeper.
  LeaseKeeper(queue::PromptQueue& queue, absl::Duration lease);
  ~LeaseKeeper();

  // Begins to renew.
  std::shared_ptr<HeldLease> Hold(queue::Lease lease);

  // Ends renewing: the task was settled, or is left to others.
  void LetGo(const std::shared_ptr<HeldLease>& held);

  int held() const;

 private:
  void Loop();
  void Renew(HeldLease& held);

  queue::PromptQueue& queue_;
  const absl::Duration interval_;
  mutable absl::Mutex mutex_;
  std::vector<std::shared_ptr<HeldLease>> leases_ ABSL_GUARDED_BY(mutex_);
  bool unreachable_ = false;  // Of the thread alone: the last renewal got no answer.
  sync::StopSource stop_;
  sync::Thread thread_;
};

}  // namespace cohort::rollout

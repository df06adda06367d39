#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/queue/prompt_queue.h"
#include "common/queue/redis_lease_taker.h"
#include "common/queue/redis_queue_group.h"
#include "common/redis/pool.h"

namespace cohort::queue {

// The prompt queue on a Redis 7 server: a stream and a consumer group, whose pending list is the leases. Times are the server's, so workers' clocks
// do not matter. See PromptQueue for what it promises; what survives the end of the server is what its persistence promises (AOF with
// `appendfsync always`: everything that was answered).
class RedisPromptQueue final : public PromptQueue {
 public:
  // Connects to "host:port" and makes sure that the queue's group exists. FAILED_PRECONDITION when the server is older than 7.0 or may evict keys
  // (maxmemory-policy other than noeviction). UNAVAILABLE or DEADLINE_EXCEEDED names the address.
  static absl::StatusOr<std::unique_ptr<PromptQueue>> Open(const std::string& address, QueueOptions options, absl::Time deadline);

  absl::StatusOr<int64_t> BeginIncarnation(absl::Time deadline) override;
  absl::Status Issue(const std::vector<prompt::v1::PromptTask>& tasks, absl::Time deadline) override;
  absl::StatusOr<std::vector<Lease>> Take(int max_tasks, absl::Time deadline) override;
  absl::Status Renew(const Lease& lease, absl::Time deadline) override;
  absl::Status Acknowledge(const Lease& lease, absl::Time deadline) override;
  absl::Status Release(const Lease& lease, absl::Time deadline) override;
  absl::Status ReleaseUnheard(absl::Time deadline) override;
  absl::Status Bury(const Lease& lease, absl::string_view reason, absl::Time deadline) override;
  absl::StatusOr<QueueStats> Stats(absl::Time deadline) override;
  absl::StatusOr<std::vector<prompt::v1::DeadLetter>> DeadLetters(int limit, absl::Time deadline) override;
  absl::StatusOr<std::vector<std::string>> PendingGroups(absl::Time deadline) override;

 private:
  RedisPromptQueue(const std::string& address, QueueOptions options);

  absl::Status CheckServer(absl::Time deadline);
  // Runs a script about one lease that answers whether it still stood.
  absl::StatusOr<bool> RunOnLease(const redis::Script& script, std::vector<std::string> keys, const Lease& lease, std::vector<std::string> more,
                                  absl::Time deadline);

  const QueueOptions options_;
  const RedisQueueKeys keys_;
  redis::Pool commands_;      // Short commands.
  RedisLeaseTaker taker_;
  absl::Mutex mutex_;
  int64_t incarnation_ ABSL_GUARDED_BY(mutex_) = 0;  // Drawn by this object; 0 before.
};

}  // namespace cohort::queue

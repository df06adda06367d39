#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/queue/prompt_queue.h"
#include "common/queue/queue_replies.h"
#include "common/queue/redis_queue_group.h"
#include "common/redis/pool.h"

namespace cohort::queue {

// How full a queue is and what passed through it since it was made.
struct QueueCounters {
  QueueStats stats;
  int64_t issued = 0;     // Tasks ever issued.
  int64_t delivered = 0;  // First deliveries of this incarnation's tasks.
  int64_t settled = 0;    // Tasks that were acknowledged, buried or dropped.
};

// The queue of a run from outside, for people: looks without making anything, and does what people may do with dead letters. Thread-safe. Errors are
// those of redis::Connection; NOT_FOUND (reason NO_QUEUE) when Redis knows no queue of the run.
class QueueInspector {
 public:
  // Connects at the first call.
  QueueInspector(const std::string& redis_address, const std::string& run_id);

  absl::StatusOr<QueueCounters> Look(absl::Time deadline);

  // Up to `limit` dead letters after the entry `after` ("" for the oldest), oldest first. Empty when there are none.
  absl::StatusOr<std::vector<DeadEntry>> DeadLetters(const std::string& after, int limit, absl::Time deadline);
  // One dead letter. NOT_FOUND (reason UNKNOWN_DEAD_LETTER); also when `id` is none.
  absl::StatusOr<DeadEntry> DeadLetter(const std::string& id, absl::Time deadline);

  // Puts letters back into the queue as tasks that were never delivered, all of the current incarnation: FAILED_PRECONDITION (reason OTHER_INCARNATION)
  // when a learner began another one meanwhile. Returns how many were there.
  absl::StatusOr<int64_t> Requeue(const std::vector<DeadEntry>& letters, absl::Time deadline);
  // Removes letters. Returns how many were there.
  absl::StatusOr<int64_t> Purge(const std::vector<DeadEntry>& letters, absl::Time deadline);

 private:
  const RedisQueueKeys keys_;
  redis::Pool redis_;
};

}  // namespace cohort::queue

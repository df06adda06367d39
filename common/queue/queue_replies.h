#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/queue/prompt_queue.h"
#include "common/redis/reply.h"
#include "proto/cohort/prompt/v1/prompt.pb.h"

// What the queue's streams look like in replies of Redis.
namespace cohort::queue {

// Milliseconds since the epoch, the first half of an entry's id.
int64_t MillisecondsOf(const std::string& entry_id);

// A serialised task.
absl::StatusOr<prompt::v1::PromptTask> ParseTask(const redis::Reply& reply);

// A lease: [id, attempt, task] as kTake and kRecover return it.
absl::StatusOr<Lease> ParseLease(const redis::Reply& reply);

// Leases of new tasks: [[stream, [[id, [field, value, …]], …]]] as XREADGROUP returns them.
absl::StatusOr<std::vector<Lease>> ParseNewEntries(const redis::Reply& reply);

// The first six fields of what kStats and kInspect return.
absl::StatusOr<QueueStats> ParseStats(const std::vector<redis::Reply>& fields);

// A dead letter and the id of its entry: [id, ["task", …, "reason", …, "attempts", …, "worker", …]]
struct DeadEntry {
  std::string id;
  prompt::v1::DeadLetter letter;
};
absl::StatusOr<DeadEntry> ParseDeadEntry(const redis::Reply& reply);

}  // namespace cohort::queue

#include "common/queue/queue_replies.h"

#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "common/status/status_macros.h"

namespace cohort::queue {

using prompt::v1::PromptTask;
using redis::AsArray;
using redis::AsInteger;
using redis::AsString;
using redis::Reply;

int64_t MillisecondsOf(const std::string& entry_id) {
  int64_t milliseconds = 0;
  return absl::SimpleAtoi(entry_id.substr(0, entry_id.find('-')), &milliseconds) ? milliseconds : 0;
}

absl::StatusOr<PromptTask> ParseTask(const Reply& reply) {
  COHORT_ASSIGN_OR_RETURN(const std::string bytes, AsString(reply));
  PromptTask task;
  if (!task.ParseFromString(bytes)) return absl::DataLossError("an entry of the prompt queue does not hold a task");
  return task;
}

absl::StatusOr<Lease> ParseLease(const Reply& reply) {
  COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> parts, AsArray(reply, 3));
  Lease lease;
  COHORT_ASSIGN_OR_RETURN(lease.entry_id, AsString(parts[0]));
  COHORT_ASSIGN_OR_RETURN(lease.attempt, AsInteger(parts[1]));
  COHORT_ASSIGN_OR_RETURN(lease.task, ParseTask(parts[2]));
  return lease;
}

absl::StatusOr<std::vector<Lease>> ParseNewEntries(const Reply& reply) {
  std::vector<Lease> leases;
  if (reply.is_nil()) return leases;
  COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> streams, AsArray(reply, 1));
  COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> stream, AsArray(streams[0], 2));
  COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> entries, AsArray(stream[1]));
  for (const Reply& entry : entries) {
    COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> parts, AsArray(entry, 2));
    COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> fields, AsArray(parts[1], 4));
    Lease lease;
    COHORT_ASSIGN_OR_RETURN(lease.entry_id, AsString(parts[0]));
    COHORT_ASSIGN_OR_RETURN(lease.task, ParseTask(fields[3]));
    leases.push_back(std::move(lease));
  }
  return leases;
}

absl::StatusOr<QueueStats> ParseStats(const std::vector<Reply>& fields) {
  QueueStats stats;
  COHORT_ASSIGN_OR_RETURN(stats.backlog, AsInteger(fields[0]));
  COHORT_ASSIGN_OR_RETURN(stats.leased, AsInteger(fields[1]));
  COHORT_ASSIGN_OR_RETURN(const std::string oldest, AsString(fields[2]));
  COHORT_ASSIGN_OR_RETURN(stats.dead_letters, AsInteger(fields[3]));
  COHORT_ASSIGN_OR_RETURN(stats.incarnation, AsInteger(fields[4]));
  COHORT_ASSIGN_OR_RETURN(const int64_t now_ms, AsInteger(fields[5]));
  if (!oldest.empty()) stats.oldest_age = absl::Milliseconds(now_ms - MillisecondsOf(oldest));
  return stats;
}

absl::StatusOr<DeadEntry> ParseDeadEntry(const Reply& reply) {
  COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> parts, AsArray(reply, 2));
  COHORT_ASSIGN_OR_RETURN(const std::vector<Reply> fields, AsArray(parts[1], 8));
  DeadEntry entry;
  COHORT_ASSIGN_OR_RETURN(entry.id, AsString(parts[0]));
  COHORT_ASSIGN_OR_RETURN(*entry.letter.mutable_task(), ParseTask(fields[1]));
  COHORT_ASSIGN_OR_RETURN(const std::string reason, AsString(fields[3]));
  COHORT_ASSIGN_OR_RETURN(const int64_t attempts, AsInteger(fields[5]));
  COHORT_ASSIGN_OR_RETURN(const std::string worker, AsString(fields[7]));
  entry.letter.set_reason(reason);
  entry.letter.set_attempts(attempts);
  entry.letter.set_last_worker(worker);
  entry.letter.set_died_at_ms(MillisecondsOf(entry.id));
  return entry;
}

}  // namespace cohort::queue

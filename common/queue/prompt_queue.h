#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "proto/cohort/prompt/v1/prompt.pb.h"

namespace cohort::queue {

// One prompt task held by one worker until it is acknowledged, released, or its lease runs out.
struct Lease {
  std::string entry_id;  // Position in the stream; orders leases by time of issue.
  int64_t attempt = 1;   // 1 for the first delivery; counts every worker that has held the task.
  prompt::v1::PromptTask task;
};

// How full the queue is, and what passed through it.
struct QueueStats {
  int64_t backlog = 0;                                   // Tasks that no worker holds.
  int64_t leased = 0;                                    // Tasks that a worker holds.
  absl::Duration oldest_age = absl::ZeroDuration();      // Age of the oldest task that is not acknowledged.
  int64_t dead_letters = 0;
  int64_t incarnation = 0;                               // Of the learner that issues now.
};

// A durable queue of prompt tasks, shared by one learner that issues and many rollout workers that lease.
//
// Delivery is at least once: a task whose holder stops renewing is leased to another worker, so whoever consumes results must drop
// duplicates by `task.group_id()`. A task that has been delivered `max_attempts` times moves to the dead-letter stream with a reason.
//
// Thread-safe. No call blocks longer than its deadline; a lost connection is re-established inside the call, with back-off, until then
// (DEADLINE_EXCEEDED or UNAVAILABLE names the server's address).
class PromptQueue {
 public:
  virtual ~PromptQueue() = default;

  // Makes this object the issuing side: draws an incarnation number above all earlier ones and drops every task of those, leased or not, so that they
  // are never delivered again. Dead letters stay. Numbers grow, but need not be consecutive. Call it anew after QUEUE_LOST.
  virtual absl::StatusOr<int64_t> BeginIncarnation(absl::Time deadline) = 0;

  // Appends `tasks` in order, all or none. RESOURCE_EXHAUSTED when the backlog would pass `max_backlog`; UNAVAILABLE when the outcome is
  // unknown (issue again: workers and learner tolerate duplicates). FAILED_PRECONDITION with a reason: OTHER_INCARNATION when another learner
  // has taken over (stop), QUEUE_LOST when the store came back without its data (begin an incarnation and issue every open slot again).
  virtual absl::Status Issue(const std::vector<prompt::v1::PromptTask>& tasks, absl::Time deadline) = 0;

  // Leases up to `max_tasks`, tasks of dead holders before new ones, else oldest first. Empty when none came before `deadline`; a slow store's
  // last answer is waited for a second longer. The first call of an object also gets, at once and as a further attempt, what an earlier process with
  // this consumer's name held. Calls of one object run one after the other.
  virtual absl::StatusOr<std::vector<Lease>> Take(int max_tasks, absl::Time deadline) = 0;

  // Extends the lease. NOT_FOUND when it was lost to another worker: stop generating, the result would be dropped.
  virtual absl::Status Renew(const Lease& lease, absl::Time deadline) = 0;

  // Removes the task for good. Call it only after the learner has accepted the group. OK also when it is gone already.
  virtual absl::Status Acknowledge(const Lease& lease, absl::Time deadline) = 0;

  // Gives the task back, to be leased at once by any worker; this delivery does not count as an attempt. OK also when the lease was lost already.
  virtual absl::Status Release(const Lease& lease, absl::Time deadline) = 0;

  // Gives back what the store may have leased to this consumer in a Take() whose answer was lost. The next Take() would return it; this is for a
  // consumer that takes nothing for a while. OK when there is nothing of the kind.
  virtual absl::Status ReleaseUnheard(absl::Time deadline) = 0;

  // Gives the task up: moves it to the dead letters with `reason`, atomically. NOT_FOUND when the lease was lost to another worker.
  virtual absl::Status Bury(const Lease& lease, absl::string_view reason, absl::Time deadline) = 0;

  virtual absl::StatusOr<QueueStats> Stats(absl::Time deadline) = 0;

  // Dead letters, oldest first, at most `limit`.
  virtual absl::StatusOr<std::vector<prompt::v1::DeadLetter>> DeadLetters(int limit, absl::Time deadline) = 0;

  // Group ids of all tasks that are in the queue now, leased or not: what a learner compares with its open slots after Redis lost data.
  virtual absl::StatusOr<std::vector<std::string>> PendingGroups(absl::Time deadline) = 0;
};

// What every implementation is told.
struct QueueOptions {
  std::string run_id;                                // Prefix of all keys.
  std::string consumer;                              // This process's name, unique in the run.
  absl::Duration lease = absl::Seconds(10);          // A holder silent for so long is taken for dead.
  int max_attempts = 5;
  int64_t max_backlog = 65536;                       // Tasks that wait for a worker.
  int64_t incarnation_floor = 0;                     // BeginIncarnation draws at least this: one above the last that the caller has on disk.
};

}  // namespace cohort::queue

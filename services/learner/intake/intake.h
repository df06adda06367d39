#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "proto/cohort/learner/v1/trajectory_service.pb.h"
#include "services/learner/intake/group_check.h"
#include "services/learner/intake/slot_table.h"
#include "services/learner/journal/journal.h"

namespace cohort::learner {

// What the intake counted.
struct IntakeCounts {
  int64_t accepted = 0;
  int64_t duplicates = 0;           // Handed in again after they had been accepted.
  int64_t stale = 0;                // Refused: sampled by a policy that is too old.
  int64_t other_incarnation = 0;    // Refused: answers to an earlier learner's tasks.
  int64_t unknown_slot = 0;
  int64_t malformed = 0;
};

// Takes groups from workers and gives whole steps to the learner loop: each slot gets exactly one group, and that group is in the journal before the
// worker hears OK. Groups that an earlier process of this run had journalled fill their slots as soon as these open.
//
// Thread-safe. Submit() does not block; its callback runs on the caller's thread or on the journal's. The waits end early, CANCELLED, after Stop().
// Memory is bounded by the slots that are open. End the journal before the intake: its last callbacks come here.
class Intake {
 public:
  struct Options {
    std::string run;
    int64_t incarnation = 0;
    int64_t next_step = 0;  // First step to collect.
    GroupRules rules;
  };
  Intake(Options options, Journal* journal);

  // Opens the next slot of `step` for data row `row`. False when a journalled group filled it at once: it need not be issued.
  absl::StatusOr<bool> Open(int64_t step, int64_t row) ABSL_LOCKS_EXCLUDED(mutex_);

  // Hands in a group; `done` gets what the RPC answers (proto/cohort/learner/v1/trajectory_service.proto).
  void Submit(learner::v1::Group group, std::function<void(const absl::Status&)> done) ABSL_LOCKS_EXCLUDED(mutex_);

  // Gives an open slot up (its task is a dead letter) and journals that. True when it was open.
  bool GiveUp(int64_t step, int64_t slot, const std::string& worker, const std::string& trace_id) ABSL_LOCKS_EXCLUDED(mutex_);

  // Waits until every slot opened for `step` is accepted or given up: OK; DEADLINE_EXCEEDED; CANCELLED after Stop().
  absl::Status WaitForStep(int64_t step, absl::Time deadline) ABSL_LOCKS_EXCLUDED(mutex_);

  // Slots opened for `step`.
  int64_t Count(int64_t step) const ABSL_LOCKS_EXCLUDED(mutex_);
  // Calls `visit` for every slot of `step` from `first_slot` on, in order; the group is nullptr for one that was given up. Only for a complete step.
  void Visit(int64_t step, int64_t first_slot, const std::function<void(const learner::v1::Group*)>& visit) const ABSL_LOCKS_EXCLUDED(mutex_);

  // Hands out the slots of the oldest step, which is complete, and goes on to the next.
  std::deque<SlotTable::Slot> TakeNext() ABSL_LOCKS_EXCLUDED(mutex_);

  // Slots that still lack a group.
  std::vector<SlotTable::Place> Unresolved() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Counts since construction.
  IntakeCounts counts() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Later submissions are answered UNAVAILABLE, waits end.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // What is to be answered at once, or OK when the group may be journalled; then its slot is WRITING.
  absl::Status Admit(const learner::v1::Group& group) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Duplicate(const learner::v1::Group& group) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status UnknownSlot(const learner::v1::Group& group) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Moves a WRITING slot on and returns what the worker is told.
  absl::Status Settle(learner::v1::Group group, const absl::Status& written) ABSL_LOCKS_EXCLUDED(mutex_);

  const Options options_;
  Journal* const journal_;

  mutable absl::Mutex mutex_;
  SlotTable slots_ ABSL_GUARDED_BY(mutex_);
  IntakeCounts counts_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace cohort::learner

#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "proto/cohort/learner/v1/trajectory_service.pb.h"

namespace cohort::learner {

// The open slots of the steps that the learner is collecting. Only bookkeeping: no locks, no I/O. Not thread-safe.
//
// A slot goes OPEN -> WRITING -> ACCEPTED, back from WRITING to OPEN when the journal failed, or OPEN -> GIVEN_UP. Slots of a step are numbered from
// 0 without gaps; opening a wave appends to them. Memory: the groups of at most max_staleness + 1 steps.
class SlotTable {
 public:
  enum class State { kOpen, kWriting, kAccepted, kGivenUp };
  struct Slot {
    State state = State::kOpen;
    int64_t row = 0;
    learner::v1::Group group;  // Whole once accepted.
  };
  struct Place {
    int64_t step = 0;
    int64_t slot = 0;
  };

  // Collecting begins at `next_step`.
  explicit SlotTable(int64_t next_step) : next_step_(next_step) {}

  // Appends the slot of data row `row` to `step`, which is not below next_step(); returns its number.
  int64_t Open(int64_t step, int64_t row);

  // nullptr when no such slot is open.
  Slot* Find(int64_t step, int64_t slot);

  // Slots that were opened for `step`.
  int64_t Count(int64_t step) const;
  // Whether all of them are accepted or given up.
  bool Complete(int64_t step) const;
  // Slots of all steps that are neither accepted nor given up.
  std::vector<Place> Unresolved() const;
  // The slots of `step`, in order.
  const std::deque<Slot>& Slots(int64_t step) const;

  // Ends the oldest step: hands its slots out and makes next_step() the one after it.
  std::deque<Slot> TakeNext();
  int64_t next_step() const { return next_step_; }

 private:
  int64_t next_step_;
  std::map<int64_t, std::deque<Slot>> steps_;
};

}  // namespace cohort::learner

#include "services/learner/intake/slot_table.h"

#include <algorithm>
#include <utility>

namespace cohort::learner {
namespace {

bool Resolved(const SlotTable::Slot& slot) {
  return slot.state == SlotTable::State::kAccepted || slot.state == SlotTable::State::kGivenUp;
}

}  // namespace

int64_t SlotTable::Open(int64_t step, int64_t row) {
  std::deque<Slot>& slots = steps_[step];
  slots.push_back({State::kOpen, row, {}});
  return slots.size() - 1;
}

SlotTable::Slot* SlotTable::Find(int64_t step, int64_t slot) {
  const auto found = steps_.find(step);
  if (found == steps_.end() || slot < 0 || slot >= static_cast<int64_t>(found->second.size())) return nullptr;
  return &found->second[slot];
}

int64_t SlotTable::Count(int64_t step) const { return Slots(step).size(); }

bool SlotTable::Complete(int64_t step) const {
  const std::deque<Slot>& slots = Slots(step);
  return std::all_of(slots.begin(), slots.end(), Resolved);
}

std::vector<SlotTable::Place> SlotTable::Unresolved() const {
  std::vector<Place> places;
  for (const auto& [step, slots] : steps_) {
    for (int64_t slot = 0; slot < static_cast<int64_t>(slots.size()); ++slot) {
      if (!Resolved(slots[slot])) places.push_back({step, slot});
    }
  }
  return places;
}

const std::deque<SlotTable::Slot>& SlotTable::Slots(int64_t step) const {
  static const std::deque<Slot>* const none = new std::deque<Slot>;
  const auto found = steps_.find(step);
  return found == steps_.end() ? *none : found->second;
}

std::deque<SlotTable::Slot> SlotTable::TakeNext() {
  std::deque<Slot> slots;
  if (const auto found = steps_.find(next_step_); found != steps_.end()) {
    slots = std::move(found->second);
    steps_.erase(found);
  }
  ++next_step_;
  return slots;
}

}  // namespace cohort::learner

#pragma once

#include <cstdint>

#include "services/learner/schedule/row_order.h"

namespace cohort::learner {

// Which row of the data set stands in which slot of which step: a pure function of (number of rows, seed, prompts per step, refill waves), so that
// the queue can be rebuilt at any time.
//
// Slots below prompts_per_step walk through the data set epoch by epoch. Slots at or above it belong to refill waves of dynamic sampling; they follow
// an order of their own, so that whether a step needed refills changes nothing for later steps.
//
// Not thread-safe.
class Schedule {
 public:
  struct Options {
    int64_t rows = 0;              // At least 1.
    uint64_t seed = 0;
    int64_t prompts_per_step = 0;  // At least 1.
    int64_t max_refill_waves = 0;  // 0 without dynamic sampling.
  };
  explicit Schedule(const Options& options);

  // `slot` is below slots_per_step().
  int64_t Row(int64_t step, int64_t slot);

  // Slots of one step, those of all refill waves included.
  int64_t slots_per_step() const { return options_.prompts_per_step * (1 + options_.max_refill_waves); }

 private:
  Options options_;
  RowOrder primary_;
  RowOrder refill_;
};

}  // namespace cohort::learner

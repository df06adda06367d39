#pragma once

#include <cstdint>

namespace cohort::reward::math {

// The soft limit of a check: every loop whose length depends on the input spends from it and gives up when it is empty. Deterministic, unlike a clock.
class Fuel {
 public:
  explicit Fuel(int64_t steps) : left_(steps) {}

  // Takes `steps`; false when there were too few left, now and ever after.
  bool Spend(int64_t steps) {
    left_ = steps <= left_ ? left_ - steps : 0;
    exhausted_ = exhausted_ || left_ == 0;
    return !exhausted_;
  }
  bool exhausted() const { return exhausted_; }
  int64_t left() const { return left_; }

 private:
  int64_t left_;
  bool exhausted_ = false;
};

}  // namespace cohort::reward::math

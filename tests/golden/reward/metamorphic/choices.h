#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "common/random/philox.h"

namespace cohort::reward::metamorphic {

// Where a generator gets its decisions from: random ones that are written down, or written ones that are played again. Whatever a generator makes is a
// function of this list of numbers, so a smaller list makes a smaller case: that is how cases are shrunk, without a word about their kind.
// Generators put their plainest alternative first: a list that has run out continues with zeros.
class Choices {
 public:
  // Draws at random.
  explicit Choices(uint64_t seed) : random_(seed, 0), playing_(false) {}
  // Plays `taken`, then zeros.
  explicit Choices(std::vector<uint32_t> taken) : random_(0, 0), playing_(true), taken_(std::move(taken)) {}

  // In [0, count); `count` is at least 1.
  uint32_t Below(uint32_t count) {
    if (!playing_) {
      taken_.push_back(random_.NextBelow(count));
      return taken_.back();
    }
    const uint32_t value = next_ < taken_.size() ? taken_[next_] : 0;
    ++next_;
    return value % count;
  }
  // In [low, high].
  int64_t Between(int64_t low, int64_t high) { return low + Below(static_cast<uint32_t>(high - low + 1)); }
  // True one time in `count`.
  bool OneIn(uint32_t count) { return Below(count) == count - 1; }
  bool Coin() { return OneIn(2); }
  template <typename T, size_t kCount>
  const T& Pick(const T (&values)[kCount]) {
    return values[Below(kCount)];
  }

  // Every decision so far, or the list that is played.
  const std::vector<uint32_t>& taken() const { return taken_; }

 private:
  random::Stream random_;
  bool playing_;
  std::vector<uint32_t> taken_;
  size_t next_ = 0;
};

}  // namespace cohort::reward::metamorphic

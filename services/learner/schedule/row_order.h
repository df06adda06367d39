#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace cohort::learner {

// An endless order over the rows of a data set: one permutation after another, each a pure function of (rows, seed, stream, epoch). Within an epoch
// every row stands exactly once. Places are looked up in any order; the permutations of the two epochs used last stay in memory (4 bytes a row each).
//
// Not thread-safe.
class RowOrder {
 public:
  // `rows` is at least 1 and fits in 32 bits. Different `stream`s of one seed are unrelated orders.
  RowOrder(int64_t rows, uint64_t seed, uint16_t stream);

  // The row at `place`, from 0; place / rows is the epoch.
  int64_t At(int64_t place);

 private:
  struct Epoch {
    int64_t number = -1;
    std::vector<uint32_t> rows;
  };
  const Epoch& Get(int64_t number);

  int64_t rows_;
  uint64_t seed_;
  uint16_t stream_;
  std::array<Epoch, 2> cache_;  // The more recently computed one first.
};

}  // namespace cohort::learner

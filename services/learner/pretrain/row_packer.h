#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cohort::learner {

// Deals documents into the rows of optimizer steps, for ever: every pass over the data in a fresh random order, whole documents only, each into the
// first row of the step that has room. A step ends when a document fits into none of its rows. A pure function of (lengths, sizes, seed). Not
// thread-safe.
class RowPacker {
 public:
  // `lengths` of the documents in tokens, each between 1 and row_tokens; there is one at least.
  RowPacker(std::vector<int64_t> lengths, int64_t rows, int64_t row_tokens, uint64_t seed);

  // Documents of the next step, row by row.
  std::vector<int64_t> NextStep();

 private:
  int64_t NextDocument();

  const std::vector<int64_t> lengths_;
  const int64_t rows_;
  const int64_t row_tokens_;
  const uint64_t seed_;
  std::vector<int64_t> order_;  // Of the current pass.
  size_t used_ = 0;             // Documents of the pass that were dealt.
  uint64_t pass_ = 0;
  int64_t waiting_ = -1;        // The document that ended the latest step.
};

}  // namespace cohort::learner

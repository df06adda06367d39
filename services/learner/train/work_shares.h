#pragma once

#include <cstdint>
#include <vector>

namespace cohort::learner {

// Items [begin, end).
struct IndexRange {
  int64_t begin = 0;
  int64_t end = 0;
};

// Cuts items into `parts` consecutive ranges, some perhaps empty, whose costs are as even as whole items allow. Costs are not negative.
std::vector<IndexRange> CutEvenly(const std::vector<int64_t>& costs, int64_t parts);

}  // namespace cohort::learner

#include "services/learner/train/work_shares.h"

#include <numeric>

namespace cohort::learner {

std::vector<IndexRange> CutEvenly(const std::vector<int64_t>& costs, int64_t parts) {
  const int64_t total = std::accumulate(costs.begin(), costs.end(), int64_t{0}), count = costs.size();
  std::vector<IndexRange> ranges;
  int64_t begin = 0, before = 0;
  for (int64_t part = 1; part <= parts; ++part) {
    int64_t end = begin;
    // An item belongs to the part in which its middle lies.
    while (end < count && (part == parts || (2 * before + costs[end]) * parts < 2 * total * part)) before += costs[end++];
    ranges.push_back({begin, end});
    begin = end;
  }
  return ranges;
}

}  // namespace cohort::learner

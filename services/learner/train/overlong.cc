#include "services/learner/train/overlong.h"

#include <algorithm>

namespace cohort::learner {

double OverlongPenalty(int64_t tokens, int64_t max_tokens, int64_t buffer_tokens) {
  if (buffer_tokens <= 0) return 0;
  const double beyond = static_cast<double>(tokens - (max_tokens - buffer_tokens));
  return -std::max(beyond / static_cast<double>(buffer_tokens), 0.0);
}

}  // namespace cohort::learner

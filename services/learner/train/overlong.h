#pragma once

#include <cstdint>

namespace cohort::learner {

// DAPO's soft overlong penalty (arXiv 2503.14476), to be added to the reward: 0 up to max_tokens - buffer_tokens, then linear down to -1 at
// max_tokens. buffer_tokens 0 switches it off.
double OverlongPenalty(int64_t tokens, int64_t max_tokens, int64_t buffer_tokens);

}  // namespace cohort::learner

#pragma once

#include <cstdint>
#include <vector>

namespace cohort::learner {

// Rewards that depend on how long a completion is. They are the learner's, since they need tokens, verdicts and the whole group; what depends on the text is
// measured by the reward service (common/reward/auxiliary).

// DAPO's soft overlong penalty (arXiv 2503.14476), to be added to the reward: 0 up to max_tokens - buffer_tokens, then linear down to -1 at
// max_tokens and beyond. In [-1, 0]. buffer_tokens 0 switches it off.
double OverlongPenalty(int64_t tokens, int64_t max_tokens, int64_t buffer_tokens);

// Short right answers are worth more: (1 + cos(pi * min(tokens, max_tokens) / max_tokens)) / 2 when right, from 1 for the shortest to 0 at max_tokens and
// beyond; 0 when wrong, so that a wrong answer gains nothing by being short. In [0, 1].
double CosineLengthReward(int64_t tokens, int64_t max_tokens, bool correct);

// One completion of a group.
struct GroupMember {
  int64_t tokens = 0;
  bool correct = false;
};

// Short answers of a group are worth more than its long ones (Kimi k1.5, arXiv 2501.12599): lambda = 1/2 - (tokens - shortest) / (longest - shortest), for a
// right answer lambda, for a wrong one min(0, lambda). In [-1/2, 1/2]. All 0 where all are equally long, as for a single completion.
std::vector<double> GroupLengthRewards(const std::vector<GroupMember>& group);

}  // namespace cohort::learner

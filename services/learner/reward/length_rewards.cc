#include "services/learner/reward/length_rewards.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace cohort::learner {

double OverlongPenalty(int64_t tokens, int64_t max_tokens, int64_t buffer_tokens) {
  if (buffer_tokens <= 0) return 0;
  const double beyond = static_cast<double>(tokens - (max_tokens - buffer_tokens));
  return -std::clamp(beyond / static_cast<double>(buffer_tokens), 0.0, 1.0);
}

double CosineLengthReward(int64_t tokens, int64_t max_tokens, bool correct) {
  if (!correct) return 0;
  const double share = static_cast<double>(std::min(tokens, max_tokens)) / static_cast<double>(max_tokens);
  return (1 + std::cos(std::numbers::pi * share)) / 2;
}

std::vector<double> GroupLengthRewards(const std::vector<GroupMember>& group) {
  std::vector<double> rewards(group.size(), 0);
  if (group.empty()) return rewards;
  const auto [shortest, longest] =
      std::minmax_element(group.begin(), group.end(), [](const GroupMember& a, const GroupMember& b) { return a.tokens < b.tokens; });
  const double range = static_cast<double>(longest->tokens - shortest->tokens);
  if (range == 0) return rewards;
  for (size_t i = 0; i < group.size(); ++i) {
    const double lambda = 0.5 - static_cast<double>(group[i].tokens - shortest->tokens) / range;
    rewards[i] = group[i].correct ? lambda : std::min(0.0, lambda);
  }
  return rewards;
}

}  // namespace cohort::learner

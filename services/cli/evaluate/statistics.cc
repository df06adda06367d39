#include "services/cli/evaluate/statistics.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace cohort::cli {

double PassAtK(int64_t n, int64_t c, int64_t k) {
  if (n - c < k) return 1;
  double none = 1;  // C(n-c, k) / C(n, k) as a product, which neither overflows nor cancels.
  for (int64_t i = n - c + 1; i <= n; ++i) none *= 1 - static_cast<double>(k) / static_cast<double>(i);
  return 1 - none;
}

double MajorityAtK(const std::vector<Vote>& votes, int64_t k) {
  struct Tally {
    int64_t votes = 0;
    bool correct = false;
  };
  std::map<std::string, Tally> tallies;
  for (size_t i = 0; i < votes.size() && static_cast<int64_t>(i) < k; ++i) {
    std::string answer = votes[i].answer;
    absl::RemoveExtraAsciiWhitespace(&answer);
    if (answer.empty()) continue;
    Tally& tally = tallies[answer];
    ++tally.votes;
    tally.correct = tally.correct || votes[i].correct;
  }
  int64_t most = 0, winners = 0, right = 0;
  for (const auto& [answer, tally] : tallies) most = std::max(most, tally.votes);
  for (const auto& [answer, tally] : tallies) {
    if (tally.votes != most) continue;
    ++winners;
    right += tally.correct ? 1 : 0;
  }
  return winners == 0 ? 0 : static_cast<double>(right) / static_cast<double>(winners);
}

bool ContainsAny(absl::string_view text, const std::vector<std::string>& words) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) { return !word.empty() && absl::StrContains(text, word); });
}

double Quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double place = q * static_cast<double>(values.size() - 1);
  const size_t below = static_cast<size_t>(std::floor(place));
  const size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (values[above] - values[below]) * (place - static_cast<double>(below));
}

}  // namespace cohort::cli

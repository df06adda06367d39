#include "services/cli/evaluate/statistics.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "absl/strings/ascii.h"

namespace cohort::cli {
namespace {

bool IsWordByte(char byte) { return absl::ascii_isalnum(static_cast<unsigned char>(byte)) || byte == '_' || (byte & 0x80) != 0; }

bool ContainsWholeWord(absl::string_view text, absl::string_view word) {
  if (word.empty()) return false;
  for (size_t at = text.find(word); at != absl::string_view::npos; at = text.find(word, at + 1)) {
    const size_t end = at + word.size();
    const bool begins = at == 0 || !IsWordByte(text[at - 1]) || !IsWordByte(word.front());
    const bool ends = end == text.size() || !IsWordByte(text[end]) || !IsWordByte(word.back());
    if (begins && ends) return true;
  }
  return false;
}

}  // namespace

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

bool ContainsWord(absl::string_view text, const std::vector<std::string>& words) {
  const std::string lower = absl::AsciiStrToLower(text);
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) { return ContainsWholeWord(lower, absl::AsciiStrToLower(word)); });
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

#include "common/reward/auxiliary/language_consistency.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "common/reward/auxiliary/scripts.h"
#include "common/reward/auxiliary/units.h"

namespace cohort::reward {
namespace {

struct Delimiters {
  std::string_view open;
  std::string_view close;
};
// Longer openings before their beginnings.
constexpr Delimiters kNeutral[] = {{"```", "```"}, {"`", "`"}, {"$$", "$$"}, {"$", "$"}, {"\\(", "\\)"}, {"\\[", "\\]"}, {"<", ">"}};
constexpr size_t kLongestTag = 64;
constexpr std::string_view kFunctions[] = {"sin", "cos", "tan", "cot", "sec", "csc", "log", "ln", "exp", "lim", "max", "min", "mod", "gcd", "lcm", "det", "sqrt"};

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Finds the closings of neutral stretches. Each kind is searched for at most to the end of the text once in vain, so that openings without an end cost
// linear time in all.
class NeutralFinder {
 public:
  explicit NeutralFinder(std::string_view text) : text_(text) {}

  // The end of the neutral stretch that begins at `at`; `at` when none does.
  size_t EndOf(size_t at) {
    if (text_[at] == '\\' && at + 1 < text_.size() && IsLetter(text_[at + 1])) return EndOfCommand(at);
    for (size_t kind = 0; kind < std::size(kNeutral); ++kind) {
      const auto& [open, close] = kNeutral[kind];
      if (missing_[kind] || text_.substr(at, open.size()) != open) continue;
      const bool tag = open == "<";
      const size_t begin = at + open.size();
      const size_t end = (tag ? text_.substr(0, begin + kLongestTag) : text_).find(close, begin);
      if (end != std::string_view::npos) return end + close.size();
      missing_[kind] = !tag;
    }
    return at;
  }

 private:
  size_t EndOfCommand(size_t at) const {
    ++at;
    while (at < text_.size() && IsLetter(text_[at])) ++at;
    return at;
  }

  std::string_view text_;
  bool missing_[std::size(kNeutral)] = {};
};

struct Count {
  int64_t words = 0;
  int64_t in_language = 0;
};

void CountWords(std::string_view text, v1::Language language, Count& count) {
  UnitReader reader(text);
  for (Unit unit; reader.Next(&unit);) {
    if (unit.script == Script::kNone || (unit.letters == 1 && !IsUnspaced(unit.script))) continue;
    if (std::find(std::begin(kFunctions), std::end(kFunctions), unit.span.In(text)) != std::end(kFunctions)) continue;
    ++count.words;
    count.in_language += Writes(language, unit.script);
  }
}

}  // namespace

double LanguageConsistency(std::string_view reasoning, v1::Language language) {
  NeutralFinder neutral(reasoning);
  Count count;
  size_t begin = 0;  // Of the text that is not counted yet.
  for (size_t at = 0; at < reasoning.size();) {
    const char c = reasoning[at];
    const size_t end = c == '$' || c == '`' || c == '\\' || c == '<' ? neutral.EndOf(at) : at;
    if (end == at) {
      ++at;
      continue;
    }
    CountWords(reasoning.substr(begin, at - begin), language, count);
    begin = at = end;
  }
  CountWords(reasoning.substr(begin), language, count);
  return count.words == 0 ? 0 : static_cast<double>(count.in_language) / static_cast<double>(count.words);
}

}  // namespace cohort::reward

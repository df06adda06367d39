#include "services/reward/math/number_words.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <utility>

namespace cohort::reward::math {
namespace {

constexpr size_t kMaxNumberWords = 24;

// The place of a word in a list; -1 when it is not there.
template <size_t kSize>
int64_t PlaceOf(const std::string_view (&list)[kSize], std::string_view word) {
  const auto* found = std::find(std::begin(list), std::end(list), word);
  return found == std::end(list) ? -1 : found - std::begin(list);
}

// Reads a number from the first word to the last.
class Reader {
 public:
  explicit Reader(const std::vector<std::string>& words) : words_(words) {}

  std::optional<Rational> Read() {
    const bool negative = Take("negative") || Take("minus");
    std::optional<Rational> value = Amount();
    if (!value.has_value()) return std::nullopt;
    if (Take("percent")) value = *value / Rational(100);
    if (at_ != words_.size()) return std::nullopt;
    return negative ? Rational(0) - *value : value;
  }

 private:
  // A whole number, a fraction, or both: "two", "two thirds", "two and a half".
  std::optional<Rational> Amount() {
    if (const auto fraction = Fraction()) return fraction;
    const std::optional<int64_t> whole = Whole();
    if (!whole.has_value()) return std::nullopt;
    const size_t before = at_;
    if (Take("and")) {
      if (const auto fraction = Fraction()) return Rational(*whole) + *fraction;
      at_ = before;
    }
    return Rational(*whole);
  }

  // "half", "a half", "one third", "three quarters".
  std::optional<Rational> Fraction() {
    const size_t before = at_;
    std::optional<int64_t> above = Take("a") ? std::optional<int64_t>(1) : Small();
    if (!above.has_value() && Next() == "half") above = 1;
    const int64_t below = above.has_value() ? Part(*above == 1) : 0;
    if (below > 0) return Rational(*above) / Rational(below);
    at_ = before;
    return std::nullopt;
  }

  // What "third" or, of several, "thirds" divides by; 0 for other words.
  int64_t Part(bool one) {
    static constexpr std::string_view kOne[] = {"", "", "half", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"};
    static constexpr std::string_view kSeveral[] = {"", "", "halves", "thirds", "fourths", "fifths", "sixths", "sevenths", "eighths", "ninths", "tenths"};
    const std::string_view word = Next();
    if (word.empty()) return 0;
    const int64_t part = word == (one ? "quarter" : "quarters") ? 4 : one ? PlaceOf(kOne, word) : PlaceOf(kSeveral, word);
    if (part < 2) return 0;
    ++at_;
    return part;
  }

  std::optional<int64_t> Whole() {
    if (Take("zero")) return 0;
    int64_t total = 0;
    bool any = false;
    for (const auto& [name, scale] : {std::pair<std::string_view, int64_t>{"billion", 1'000'000'000}, {"million", 1'000'000}, {"thousand", 1000}}) {
      const size_t before = at_;
      const std::optional<int64_t> part = Hundreds();
      if (part.has_value() && Take(name)) {
        total += *part * scale;
        any = true;
      } else {
        at_ = before;
      }
    }
    const size_t before = at_;
    if (any) Take("and");
    const std::optional<int64_t> rest = Hundreds();
    if (!rest.has_value()) {
      at_ = before;
      return any ? std::optional<int64_t>(total) : std::nullopt;
    }
    return total + *rest;
  }

  // Below a thousand.
  std::optional<int64_t> Hundreds() {
    const size_t start = at_;
    std::optional<int64_t> value = Take("a") ? std::optional<int64_t>(1) : Small();
    if (!value.has_value()) return std::nullopt;
    if (*value < 10 && Take("hundred")) {
      const size_t before = at_;
      Take("and");
      const std::optional<int64_t> rest = Small();
      if (!rest.has_value()) at_ = before;
      return *value * 100 + rest.value_or(0);
    }
    if (words_[start] != "a") return value;
    const bool scaled = Next() == "thousand" || Next() == "million" || Next() == "billion";  // "a thousand"
    if (!scaled) at_ = start;
    return scaled ? value : std::nullopt;
  }

  // 1 to 99.
  std::optional<int64_t> Small() {
    static constexpr std::string_view kOnes[] = {"",    "one",    "two",    "three",    "four",     "five",    "six",     "seven",     "eight",    "nine",
                                                 "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
    static constexpr std::string_view kTens[] = {"", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"};
    if (Next().empty()) return std::nullopt;
    if (const int64_t one = PlaceOf(kOnes, Next()); one > 0) return ++at_, one;
    const int64_t ten = PlaceOf(kTens, Next());
    if (ten < 2) return std::nullopt;
    ++at_;
    const int64_t one = Next().empty() ? -1 : PlaceOf(kOnes, Next());
    if (one < 1 || one > 9) return 10 * ten;
    ++at_;
    return 10 * ten + one;
  }

  std::string_view Next() const { return at_ < words_.size() ? std::string_view(words_[at_]) : std::string_view(); }
  bool Take(std::string_view word) {
    if (Next() != word) return false;
    ++at_;
    return true;
  }

  const std::vector<std::string>& words_;
  size_t at_ = 0;
};

}  // namespace

std::optional<Rational> NumberInWords(const std::vector<std::string>& words) {
  if (words.empty() || words.size() > kMaxNumberWords) return std::nullopt;
  return Reader(words).Read();
}

}  // namespace cohort::reward::math

#include "services/reward/math/words.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "services/reward/math/number_words.h"
#include "services/reward/math/plain_words.h"
#include "services/reward/math/units.h"

namespace cohort::reward::math {
namespace {

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<signed char>(c) < 0; }
char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string Joined(const std::vector<Word>& words) {
  std::string text;
  for (const Word& word : words) {
    if (!text.empty()) text += ' ';
    text += word.folded;
  }
  return text;
}

std::vector<std::string> FoldedWords(const std::vector<Word>& words) {
  std::vector<std::string> folded;
  for (const Word& word : words) folded.push_back(word.folded);
  return folded;
}

// Whether the words stand beside each other or are joined by hyphens: "twenty, one" are two numbers.
bool IsOneRun(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return IsLetter(c) || c == ' ' || c == '-'; });
}

// "two hours", "one week". "twenty second" is no time.
std::optional<Ast> QuantityInWords(std::vector<std::string> words) {
  const std::string unit = std::move(words.back());
  words.pop_back();
  const std::optional<Rational> number = words.empty() || FindUnit(unit) == nullptr ? std::nullopt : NumberInWords(words);
  const bool plural = unit.back() == 's' || unit == "feet";
  if (!number.has_value() || plural == number->is_one()) return std::nullopt;
  Ast ast;
  const NodeId value = ast.AddNumber(*number), measure = ast.AddNamed(Kind::kUnit, unit);
  ast.root = ast.Add(Kind::kMultiply, {value, measure});
  return ast;
}

// Phrases that mean the same; the last of each is the one that stands for all.
std::string Phrase(std::string text) {
  static constexpr std::string_view kNone[] = {"no solutions", "there is no solution", "there are no solutions", "no solution exists", "no solutions exist", "has no solution", "has no solutions", "empty set",
                                                "the empty set", "无解", "空集", kNoSolution};
  static constexpr std::string_view kMissing[] = {"dne", "limit does not exist", "the limit does not exist", "不存在", "does not exist"};
  static constexpr std::string_view kEveryReal[] = {"all reals", "any real number", "every real number", "the real numbers", "the set of all real numbers", "全体实数", kAllReals};
  static constexpr std::string_view kNoReal[] = {"no real solutions", "无实数解", "no real solution"};
  static constexpr std::string_view kManySolutions[] = {"infinitely many", "infinite number of solutions", "there are infinitely many solutions", "无数个", "无穷多个", "无穷多",
                                                         "infinitely many solutions"};
  static constexpr std::string_view kUndefined[] = {"not defined", "is undefined", "it is undefined", "undefined"};
  static constexpr std::string_view kIntegers[] = {"integers", "the integers", "any integer", "every integer", "the set of all integers", "the set of integers", "全体整数", kAllIntegers};
  static constexpr std::string_view kPositiveWhole[] = {"positive integers", "the positive integers", "any positive integer", "every positive integer", "the set of all positive integers",
                                                        "全体正整数", kAllPositiveIntegers};
  static constexpr std::string_view kPositive[] = {"positive real numbers", "positive reals", "all positive reals", "any positive real number", "the set of all positive real numbers",
                                                   "全体正实数", kAllPositiveReals};
  static constexpr std::string_view kNotNegative[] = {"nonnegative real numbers", "non negative real numbers", "all non negative real numbers", "all nonnegative reals", "all non negative reals",
                                                      "any nonnegative real number", kAllNonnegativeReals};
  static constexpr std::string_view kNegative[] = {"negative real numbers", "negative reals", "all negative reals", "any negative real number", kAllNegativeReals};
  using Phrases = std::span<const std::string_view>;
  for (const auto phrases : {Phrases(kNone), Phrases(kMissing), Phrases(kEveryReal), Phrases(kNoReal), Phrases(kManySolutions), Phrases(kUndefined), Phrases(kIntegers), Phrases(kPositiveWhole),
                             Phrases(kPositive), Phrases(kNotNegative), Phrases(kNegative)}) {
    if (std::find(phrases.begin(), phrases.end(), text) != phrases.end()) return std::string(phrases.back());
  }
  return text;
}

}  // namespace

bool NamesQuantity(std::string_view text) {
  static constexpr std::string_view kNames[] = {"area", "perimeter", "volume", "length", "width", "height", "radius", "diameter", "distance", "time", "speed", "probability", "ratio", "sum",
                                                "product", "mean", "median", "mode", "average", "total", "answer", "ans", "max", "min", "maximum", "minimum", "slope", "age", "cost", "price"};
  std::string folded;
  for (const char c : text) folded += Lower(c);
  return std::find(std::begin(kNames), std::end(kNames), folded) != std::end(kNames);
}

int ParityOf(std::string_view words) {
  static constexpr std::string_view kOdd[] = {"odd", "is odd", "is an odd number", "is an odd integer", "为奇数", "是奇数"};
  static constexpr std::string_view kEven[] = {"even", "is even", "is an even number", "is an even integer", "为偶数", "是偶数"};
  if (std::find(std::begin(kOdd), std::end(kOdd), words) != std::end(kOdd)) return 1;
  return std::find(std::begin(kEven), std::end(kEven), words) != std::end(kEven) ? 0 : -1;
}

std::optional<Ast> ParseWords(std::string_view text) {
  const std::optional<std::string> plain = WithoutTextCommands(text);
  if (!plain.has_value()) return std::nullopt;
  const auto words = WordsOf(*plain);
  if (!words.has_value() || words->empty()) return std::nullopt;
  const bool spoken = std::any_of(words->begin(), words->end(), [](const Word& word) { return IsLetter(word.folded[0]) && word.folded.size() > 1; });
  if (!spoken) return std::nullopt;
  Ast ast;
  if (std::optional<Rational> number = IsOneRun(*plain) ? NumberInWords(FoldedWords(*words)) : std::nullopt; number.has_value()) {
    ast.root = ast.AddNumber(*std::move(number));
    return ast;
  }
  if (IsOneRun(*plain)) {
    if (std::optional<Ast> quantity = QuantityInWords(FoldedWords(*words))) return quantity;
  }
  // "Alice and Bob": two names joined by a word are a list; longer texts are texts.
  if (words->size() == 3 && ((*words)[1].folded == "and" || (*words)[1].folded == "or")) {
    const NodeId first = ast.AddText((*words)[0].folded, (*words)[0].written);
    const NodeId second = ast.AddText((*words)[2].folded, (*words)[2].written);
    ast.root = ast.Add(Kind::kList, {first, second});
    ast.nodes[ast.root].flag = (*words)[1].folded == "or" ? kJoinedByOr : 0;
    return ast;
  }
  ast.root = ast.AddText(Phrase(Joined(*words)), TrimmedWords(*plain));
  return ast;
}

}  // namespace cohort::reward::math

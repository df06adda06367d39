#include "services/reward/math/words.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "services/reward/math/number_words.h"

namespace cohort::reward::math {
namespace {

constexpr int kSecondsPerHour = 3600;
constexpr size_t kMaxWords = 200;
constexpr size_t kMaxNoonBytes = 24;  // \text{12:00 midnight}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<signed char>(c) < 0; }
bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '~'; }

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Takes commands of text off: \text{March 5} is March 5. nullopt when other commands or unpaired braces stand there.
std::optional<std::string> WithoutTextCommands(std::string_view text) {
  static constexpr std::string_view kCommands[] = {"\\textbf", "\\textit", "\\textrm", "\\textsf", "\\texttt", "\\textnormal", "\\text", "\\mathrm", "\\mathbf", "\\mathit",
                                                   "\\mbox",   "\\emph",   "\\operatorname"};
  std::string plain;
  int depth = 0;
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '\\') {
      const auto* found = std::find_if(std::begin(kCommands), std::end(kCommands), [&](std::string_view name) {
        return text.substr(i, name.size()) == name && i + name.size() < text.size() && text[i + name.size()] == '{';
      });
      if (found != std::end(kCommands)) {
        i += found->size() + 1;
        ++depth;
        continue;
      }
      static constexpr std::string_view kSwitches[] = {"\\bf ", "\\it ", "\\rm ", "\\underline"};
      const auto* style = std::find_if(std::begin(kSwitches), std::end(kSwitches), [&](std::string_view name) { return text.substr(i, name.size()) == name; });
      if (style != std::end(kSwitches)) {
        i += style->size();
        continue;
      }
      const char next = i + 1 < text.size() ? text[i + 1] : '\0';
      if (next == ' ' || next == ',' || next == ';' || next == '!' || next == ':') {
        plain += ' ';
        i += 2;
        continue;
      }
      return std::nullopt;
    }
    if (c == '{') ++depth;
    if (c == '}' && --depth < 0) return std::nullopt;
    if (c != '{' && c != '}' && c != '$') plain += IsSpace(c) ? ' ' : c;
    ++i;
  }
  return depth == 0 ? std::optional<std::string>(plain) : std::nullopt;
}

// A word or number.
struct Word {
  std::string folded;
  std::string written;
};

// Words and numbers, folded to lower case; punctuation between them is dropped, but a point between digits stays. nullopt when a sign of mathematics stands there, or
// a bracket that nothing opens or closes.
std::optional<std::vector<Word>> WordsOf(std::string_view text) {
  std::vector<Word> words;
  bool open = false;
  int brackets = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    brackets += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (brackets < 0) return std::nullopt;
    const bool between_digits = i > 0 && i + 1 < text.size() && IsDigit(text[i - 1]) && IsDigit(text[i + 1]);
    const bool between_letters = i > 0 && i + 1 < text.size() && IsLetter(text[i - 1]) && IsLetter(text[i + 1]);
    if (IsLetter(c) || IsDigit(c) || ((c == '.' || c == ':' || c == '/') && between_digits)) {
      if (!open) words.emplace_back();
      open = true;
      words.back().folded += Lower(c);
      words.back().written += c;
    } else if (c == '\'' && between_letters) {
      continue;  // don't
    } else if (c == '-' && !between_letters && !between_digits) {
      return std::nullopt;
    } else if (std::string_view(" .,;:!?'\"-()/").find(c) != std::string_view::npos) {
      if (c == '/' && !between_letters) return std::nullopt;
      open = false;
    } else {
      return std::nullopt;
    }
    if (words.size() > kMaxWords) return std::nullopt;
  }
  return brackets == 0 ? std::optional(words) : std::nullopt;
}

int Month(std::string_view word) {
  static constexpr std::string_view kMonths[] = {"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"};
  for (size_t i = 0; i < std::size(kMonths); ++i) {
    if (word == kMonths[i] || word == kMonths[i].substr(0, 3) || (i == 8 && word == "sept")) return static_cast<int>(i) + 1;
  }
  return 0;
}

// The number that is written in digits, with an ordinal ending where allowed; -1 for everything else.
int Number(std::string_view word, bool ordinal) {
  if (ordinal && word.size() > 2) {
    const std::string_view ending = word.substr(word.size() - 2);
    if (ending == "st" || ending == "nd" || ending == "rd" || ending == "th") word.remove_suffix(2);
  }
  if (word.empty() || word.size() > 4 || !std::all_of(word.begin(), word.end(), IsDigit)) return -1;
  return std::stoi(std::string(word));
}

Ast DateAst(int year, int month, int day) {
  Ast ast;
  ast.root = ast.Add(Kind::kDate, {});
  ast.nodes[ast.root].payload = year * 10'000 + month * 100 + day;
  return ast;
}

std::optional<Ast> ParseDate(const std::vector<Word>& written) {
  std::vector<std::string> words;
  for (const Word& word : written) words.push_back(word.folded);
  std::erase_if(words, [](const std::string& word) { return word == "the" || word == "of"; });
  if (words.size() < 2 || words.size() > 3) return std::nullopt;
  const bool month_first = Month(words[0]) > 0;
  const int month = Month(words[month_first ? 0 : 1]);
  const int day = Number(words[month_first ? 1 : 0], true);
  const int year = words.size() == 3 ? Number(words[2], false) : 0;
  if (month == 0 || year < 0) return std::nullopt;
  if (month_first && words.size() == 2 && day > 31) return DateAst(day, month, 0);  // March 2020
  if (day < 1 || day > 31) return std::nullopt;
  return DateAst(year, month, day);
}

// 2020-03-05
std::optional<Ast> ParseIsoDate(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const int year = Number(text.substr(0, 4), false), month = Number(text.substr(5, 2), false), day = Number(text.substr(8, 2), false);
  if (year < 0 || month < 1 || month > 12 || day < 1 || day > 31) return std::nullopt;
  return DateAst(year, month, day);
}

// 2:30 pm, 14:30, 5 PM, 2:30:15. Without am or pm there have to be two digits behind the colon.
std::optional<Ast> ParseTime(std::string_view text) {
  if (text.find(" :") != std::string_view::npos || text.find(": ") != std::string_view::npos) return std::nullopt;
  std::string folded;
  for (const char c : text) {
    if (!IsSpace(c) && c != '.') folded += Lower(c);
  }
  if (folded == "noon" || folded == "12noon" || folded == "12:00noon") folded = "12pm";
  if (folded == "midnight" || folded == "12midnight" || folded == "12:00midnight") folded = "12am";
  const bool pm = folded.ends_with("pm"), am = folded.ends_with("am");
  if (pm || am) folded.resize(folded.size() - 2);
  if (folded.size() > 8 || folded.empty()) return std::nullopt;
  std::vector<int> parts;
  for (size_t begin = 0; begin <= folded.size();) {
    const size_t end = std::min(folded.find(':', begin), folded.size());
    const std::string part = folded.substr(begin, end - begin);
    if (!parts.empty() && part.size() != 2) return std::nullopt;
    parts.push_back(part.size() > 2 ? -1 : Number(part, false));
    begin = end + 1;
  }
  if (parts.size() > 3 || (parts.size() == 1 && !pm && !am)) return std::nullopt;
  if (std::any_of(parts.begin(), parts.end(), [](int part) { return part < 0; })) return std::nullopt;
  if (parts[0] > 24 || std::any_of(parts.begin() + 1, parts.end(), [](int part) { return part > 59; })) return std::nullopt;
  if ((pm || am) && (parts[0] < 1 || parts[0] > 12)) return std::nullopt;
  int hour = parts[0];
  if (pm && hour < 12) hour += 12;
  if (am && hour == 12) hour = 0;
  Ast ast;
  ast.root = ast.Add(Kind::kTime, {});
  ast.nodes[ast.root].flag = pm || am ? 1 : 0;
  ast.nodes[ast.root].payload = hour * kSecondsPerHour + (parts.size() > 1 ? parts[1] * 60 : 0) + (parts.size() > 2 ? parts[2] : 0);
  return ast;
}

// Whether three letters, in small or capital letters, begin the name of a month.
bool BeginsMonth(std::string_view word) {
  if (word.size() < 3) return false;
  const char start[] = {Lower(word[0]), Lower(word[1]), Lower(word[2])};
  return Month({start, sizeof(start)}) > 0;
}

// Whether the text has what every date and time of day has: digits, and the name of a month, a colon, two hyphens, or an m (of am and pm) at its end.
// Nearly all mathematics is told from them so.
bool MayBeDateOrTime(std::string_view text) {
  bool digit = false, month = false, colon = false;
  int hyphens = 0;
  char last = '\0';
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    digit = digit || IsDigit(c);
    colon = colon || c == ':';
    hyphens += c == '-' ? 1 : 0;
    const bool begins = IsLetter(c) && (i == 0 || !(IsLetter(text[i - 1]) || IsDigit(text[i - 1])));
    month = month || (begins && BeginsMonth(text.substr(i, 3)));
    if (!IsSpace(c) && c != '.' && c != '}' && c != '$') last = c;
  }
  const bool noon = last == 'n' || last == 'N' || last == 't' || last == 'T';  // noon, midnight
  return noon ? text.size() <= kMaxNoonBytes : digit && (month || colon || hyphens >= 2 || last == 'm' || last == 'M');
}

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

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<Ast> ParseDateOrTime(std::string_view text) {
  if (!MayBeDateOrTime(text)) return std::nullopt;
  const std::optional<std::string> plain = WithoutTextCommands(text);
  if (!plain.has_value() || plain->size() > 40) return std::nullopt;
  const std::string_view trimmed = Trimmed(*plain);
  if (auto date = ParseIsoDate(trimmed)) return date;
  if (auto time = ParseTime(trimmed)) return time;
  const auto words = WordsOf(trimmed);
  return words.has_value() ? ParseDate(*words) : std::nullopt;
}

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
  if (std::optional<Rational> number = NumberInWords(FoldedWords(*words)); number.has_value()) {
    ast.root = ast.AddNumber(*std::move(number));
    return ast;
  }
  // "Alice and Bob": two names joined by a word are a list; longer texts are texts.
  if (words->size() == 3 && ((*words)[1].folded == "and" || (*words)[1].folded == "or")) {
    const NodeId first = ast.AddText((*words)[0].folded, (*words)[0].written);
    const NodeId second = ast.AddText((*words)[2].folded, (*words)[2].written);
    ast.root = ast.Add(Kind::kList, {first, second});
    ast.nodes[ast.root].flag = (*words)[1].folded == "or" ? kJoinedByOr : 0;
    return ast;
  }
  ast.root = ast.AddText(Phrase(Joined(*words)), Trimmed(*plain));
  return ast;
}

}  // namespace cohort::reward::math

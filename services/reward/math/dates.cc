// Dates and times of day.
#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "services/reward/math/plain_words.h"
#include "services/reward/math/words.h"

namespace cohort::reward::math {
namespace {

constexpr int kSecondsPerHour = 3600;
constexpr size_t kMaxNoonBytes = 24;  // \text{12:00 midnight}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<signed char>(c) < 0; }
bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '~'; }

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

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
  if (month == 0 || year < 0 || (words.size() == 3 && year == 0)) return std::nullopt;
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
  const bool spoken = noon && text.size() <= kMaxNoonBytes && (text.find("oon") != std::string_view::npos || text.find("idnight") != std::string_view::npos);
  return noon ? spoken : digit && (month || colon || hyphens >= 2 || last == 'm' || last == 'M');
}

}  // namespace

std::optional<Ast> ParseDateOrTime(std::string_view text) {
  if (!MayBeDateOrTime(text)) return std::nullopt;
  const std::optional<std::string> plain = WithoutTextCommands(text);
  if (!plain.has_value() || plain->size() > 40) return std::nullopt;
  const std::string_view trimmed = TrimmedWords(*plain);
  if (auto date = ParseIsoDate(trimmed)) return date;
  if (auto time = ParseTime(trimmed)) return time;
  const auto words = WordsOf(trimmed);
  return words.has_value() ? ParseDate(*words) : std::nullopt;
}

}  // namespace cohort::reward::math

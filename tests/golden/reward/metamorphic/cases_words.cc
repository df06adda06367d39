// Dates, times of day, choice letters and words.
#include <cctype>
#include <iterator>

#include "tests/golden/reward/metamorphic/cases.h"
#include "tests/golden/reward/metamorphic/write.h"

namespace cohort::reward::metamorphic {
namespace {

constexpr const char* kMonths[] = {"January", "February", "March",     "April",   "May",      "June",
                                   "July",    "August",   "September", "October", "November", "December"};
constexpr const char* kShortMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Date {
  int64_t day, month, year;  // month from 0
};

std::string TwoDigits(int64_t n) { return std::to_string(100 + n).substr(1); }

std::string Ordinal(int64_t day) {
  const bool teen = day / 10 == 1;
  const char* const ending = !teen && day % 10 == 1 ? "st" : !teen && day % 10 == 2 ? "nd" : !teen && day % 10 == 3 ? "rd" : "th";
  return std::to_string(day) + ending;
}

std::string WriteDate(const Date& date, Choices& choices) {
  const std::string month = choices.Coin() ? kShortMonths[date.month] : kMonths[date.month];
  const std::string day = std::to_string(date.day), year = std::to_string(date.year);
  switch (choices.Below(5)) {
    case 1: return day + " " + month + " " + year;
    case 2: return "\\text{" + month + " " + Ordinal(date.day) + ", " + year + "}";
    case 3: return year + "-" + TwoDigits(date.month + 1) + "-" + TwoDigits(date.day);
    case 4: return month + " " + day + " " + year;
    default: return month + " " + day + ", " + year;
  }
}

std::string WriteTime(int64_t minutes, Choices& choices) {
  const int64_t hour = minutes / 60, twelve = hour % 12 == 0 ? 12 : hour % 12;
  const std::string clock = std::to_string(twelve) + ":" + TwoDigits(minutes % 60);
  switch (choices.Below(4)) {
    case 1: return clock + (hour < 12 ? " a.m." : " p.m.");
    case 2: return clock + (hour < 12 ? "\\text{ AM}" : "\\text{ PM}");
    case 3: return clock + (hour < 12 ? "am" : "pm");
    default: return clock + (hour < 12 ? " AM" : " PM");
  }
}

std::string WriteChoice(char letter, Choices& choices) {
  const std::string l(1, letter);
  switch (choices.Below(7)) {
    case 1: return "(" + l + ")";
    case 2: return l + ".";
    case 3: return "\\text{" + l + "}";
    case 4: return "\\textbf{(" + l + ")}";
    case 5: return "\\mathrm{" + l + "}";
    case 6: return "$" + l + "$";
    default: return l;
  }
}

constexpr const char* kWords[] = {"yes",  "no",   "even",     "odd",        "Alice",       "Bob",         "hyperbola", "parabola",  "no solution", "right triangle",
                                  "true", "false", "rhombus", "impossible", "Tuesday",     "infinitely many", "ellipse", "increasing", "decreasing", "blue"};

std::string WriteWords(std::string words, Choices& choices) {
  if (choices.OneIn(3)) words[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(words[0])));
  switch (choices.Below(5)) {
    case 1: return "\\text{" + words + "}";
    case 2: return "$\\text{" + words + "}$";
    case 3: return words + ".";
    case 4: return "\\textbf{" + words + "}";
    default: return words;
  }
}

}  // namespace

Case DateCase(Choices& choices) {
  Date date{choices.Between(1, 28), choices.Between(0, 11), choices.Between(1900, 2030)};
  Case made;
  for (int i = 0; i < 3; ++i) made.same.push_back(WriteDate(date, choices));
  switch (choices.Below(3)) {
    case 0: date.day = date.day % 28 + 1; break;
    case 1: date.month = (date.month + choices.Between(1, 11)) % 12; break;
    default: date.year += choices.Between(1, 20);
  }
  made.different.push_back(WriteDate(date, choices));
  return made;
}

Case TimeCase(Choices& choices) {
  constexpr int64_t kDay = 24 * 60;
  const int64_t minutes = choices.Between(0, kDay - 1);
  Case made;
  for (int i = 0; i < 3; ++i) made.same.push_back(WriteTime(minutes, choices));
  made.different.push_back(WriteTime((minutes + (choices.Coin() ? kDay / 2 : choices.Between(1, 90))) % kDay, choices));
  return made;
}

Case ChoiceCase(Choices& choices) {
  const int64_t letter = choices.Between(0, 9);
  Case made;
  for (int i = 0; i < 3; ++i) made.same.push_back(WriteChoice(static_cast<char>('A' + letter), choices));
  made.different.push_back(WriteChoice(static_cast<char>('A' + (letter + choices.Between(1, 9)) % 10), choices));
  return made;
}

Case TextCase(Choices& choices) {
  constexpr uint32_t kCount = std::size(kWords);
  const uint32_t word = choices.Below(kCount);
  Case made;
  for (int i = 0; i < 3; ++i) made.same.push_back(WriteWords(kWords[word], choices));
  made.different.push_back(WriteWords(kWords[(word + 1 + choices.Below(kCount - 1)) % kCount], choices));
  return made;
}

}  // namespace cohort::reward::metamorphic

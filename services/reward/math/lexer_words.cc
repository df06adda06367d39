// Letters and words: products of symbols, names of functions and units, plain text.
#include <algorithm>
#include <iterator>

#include "common/reward/format/utf8.h"
#include "services/reward/math/lexer_state.h"
#include "services/reward/math/units.h"

namespace cohort::reward::math {
namespace {

constexpr size_t kMaxSymbolRun = 3;  // Longest run of letters that is a product of symbols.

// "abc", "xyzw": letters that follow each other are products even when there are many.
bool IsAlphabetRun(std::string_view run) {
  for (size_t i = 1; i < run.size(); ++i) {
    if (run[i] != run[i - 1] + 1) return false;
  }
  return true;
}

bool IsVowel(char c) { return std::string_view("aeiouAEIOU").find(c) != std::string_view::npos; }

// 2cd may be a product, 2 cd is a quantity.
bool MayBeProduct(std::string_view run) {
  static constexpr std::string_view kBoth[] = {"cd", "mg", "ms", "ns", "dl", "cl", "hl", "nm", "pt", "ha", "hm", "hs", "ks", "ds", "cs", "us", "ng", "dg", "cg", "hg", "nl", "kl", "cc", "mi", "kA", "mA", "dm"};
  return std::find(std::begin(kBoth), std::end(kBoth), run) != std::end(kBoth);
}

bool IsCommonWord(std::string_view run) {
  static constexpr std::string_view kCommon[] = {"yes", "no", "No", "Yes", "YES", "NO", "the", "The", "all", "All", "none", "is", "are", "not", "odd", "Odd",
                                                 "one", "two", "six", "ten", "any", "of", "to", "DNE", "am", "pm", "AM", "PM", "st", "nd", "rd", "th",
                                                 "red", "Tom", "Bob", "Ann", "Sue", "Amy", "Sam", "Jim", "Ben", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
                                                 "Aug", "Sep", "Oct", "Nov", "Dec", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  return std::find(std::begin(kCommon), std::end(kCommon), run) != std::end(kCommon);
}

}  // namespace

bool IsUnitLetter(std::string_view letter) { return letter != "e" && letter != "i" && letter != "d" && FindUnit(letter) != nullptr; }

void Lexer::Letters() {
  if (Numeral()) return;
  while (IsLetter(Peek(0))) ++at_;
  const std::string_view run = text_.substr(begin_, at_ - begin_);
  const bool roman = begin_ < roman_end_;
  if (run == "U" && !UnionStandsHere()) return EmitLetter(run);
  const bool after_number = !out_.tokens.empty() && out_.tokens.back().kind == Tok::kNumber;
  const Command* word = FindWord(run);
  if (word != nullptr && !(after_number && UnitStandsHere(run))) {
    EmitCommand(*word);
    if (run == "log" && BaseFollows()) Emit(Tok::kUnderscore);
    return;
  }
  if (run.size() == 1) return roman && IsUnitLetter(run) ? Emit(Tok::kText, 0, run) : EmitLetter(run);
  if (roman || IsWord(run, after_number)) return Emit(Tok::kWord, 0, run);
  SplitLetters(run);
}

// log2(8) in plain text is log_2(8).
bool Lexer::BaseFollows() const {
  size_t next = at_;
  while (next < text_.size() && IsDigit(text_[next])) ++next;
  return out_.plain && next > at_ && next < text_.size() && text_[next] == '(';
}

// "5 sec", "10 min": a unit, unless an argument follows.
bool Lexer::UnitStandsHere(std::string_view run) const {
  if (FindUnit(run) == nullptr) return false;
  size_t next = at_;
  while (next < text_.size() && IsSpace(text_[next])) ++next;
  return next >= text_.size() || !(IsLetter(text_[next]) || IsDigit(text_[next]) || std::string_view("(\\{^_").find(text_[next]) != std::string_view::npos);
}

// A run of letters is a product of symbols when it is short or alphabetical, and no word of its own.
bool Lexer::IsWord(std::string_view run, bool after_number) const {
  if (FindUnit(run) != nullptr && ((after_number && (space_ || !MayBeProduct(run))) || run.size() > kMaxSymbolRun)) return true;
  if (IsCommonWord(run)) return true;
  if (run.size() == 3 && run.size() == text_.size() && !IsAlphabetRun(run) && IsVowel(run[1]) && !IsVowel(run[0]) && !IsVowel(run[2])) return true;  // cat, dog
  return run.size() > kMaxSymbolRun && !IsAlphabetRun(run);
}

void Lexer::SplitLetters(std::string_view run) {
  const size_t end = at_;
  for (size_t i = 0; i < run.size(); ++i) {
    begin_ = end - run.size() + i;
    EmitLetter(run.substr(i, 1));
  }
}

void Lexer::EmitLetter(std::string_view letter) {
  if (letter == "e") return Emit(Tok::kE, 0, letter);
  if (letter == "i") return Emit(Tok::kI, 0, letter);
  Emit(Tok::kSymbol, 0, letter);
}

bool Lexer::UnionStandsHere() const {
  if (out_.tokens.empty() || out_.tokens.back().kind != Tok::kClose) return false;
  size_t next = at_;
  while (next < text_.size() && IsSpace(text_[next])) ++next;
  return next < text_.size() && (text_[next] == '(' || text_[next] == '[' || text_[next] == '{' || text_[next] == '\\');
}

void Lexer::ForeignWord() {
  while (at_ < text_.size() && IsForeign(text_[at_])) at_ += static_cast<size_t>(std::max(1, DecodeUtf8(text_, at_).bytes));
  const std::string_view run = text_.substr(begin_, at_ - begin_);
  if (const Command* word = FindWord(run); word != nullptr) return EmitCommand(*word);
  Emit(Tok::kWord, 0, run);
}

}  // namespace cohort::reward::math

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
                                                 "one", "two", "six", "ten", "any", "of", "to", "nor", "etc", "ish", "but", "out", "may", "can", "has", "was", "yet", "off", "non", "now", "few", "per", "DNE", "am", "pm", "AM", "PM", "st", "nd", "rd", "th",
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
  if (!out_.tokens.empty() && out_.tokens.back().kind == Tok::kFrac) return SplitLetters(run);  // \frac lg is l / g.
  if (run == "U" && !UnionStandsHere()) return EmitLetter(run);
  if (run == "in" && InStandsHere()) return EmitRelation(Relation::kIn);
  if ((run == "C" || run == "P") && TakeChoiceLetter(run)) return;
  if (run == "x" && ScientificStandsHere()) return Emit(Tok::kTimes);
  const bool after_number = !out_.tokens.empty() && out_.tokens.back().kind == Tok::kNumber;
  if (CurrencyStandsHere(run)) return Emit(Tok::kCurrency, 0, run);
  if (run == "US" && (Peek(0) == '$' || text_.substr(at_, 2) == "\\$")) return void(space_ = true);  // US$5
  const Command* word = FindWord(run);
  if (word != nullptr && !(after_number && UnitStandsHere(run))) {
    EmitCommand(*word);
    if (run == "log" && BaseFollows()) Emit(Tok::kUnderscore);
    return;
  }
  if (run == "h" && after_number && MinutesFollow()) return Emit(Tok::kText, 0, run);
  if (run.size() == 1) return roman && IsUnitLetter(run) ? Emit(Tok::kText, 0, run) : EmitLetter(run);
  if (roman || IsWord(run, after_number)) return Emit(Tok::kWord, 0, run);
  SplitLetters(run);
}

// 10C3 and 10P3 stand for the scripts that TakeChoice of the parser reads: _10 C _3.
bool Lexer::TakeChoiceLetter(std::string_view letter) {
  if (space_ || out_.tokens.empty() || !IsDigit(Peek(0))) return false;
  const Token all = out_.tokens.back();
  const bool first = out_.tokens.size() == 1 || out_.tokens[out_.tokens.size() - 2].kind == Tok::kRelation || out_.tokens[out_.tokens.size() - 2].kind == Tok::kOpen;
  if (all.kind != Tok::kNumber || !first || !std::all_of(all.text.begin(), all.text.end(), IsDigit)) return false;
  out_.tokens.pop_back();
  out_.tokens.push_back({Tok::kUnderscore, all.space, 0, all.begin, {}});
  out_.tokens.push_back({Tok::kNumber, false, 0, all.begin, all.text});
  Emit(Tok::kSymbol, 0, letter);
  Emit(Tok::kUnderscore);
  return true;
}

// "USD 5" at the beginning.
bool Lexer::CurrencyStandsHere(std::string_view run) const {
  if (run.size() != 3 || !out_.tokens.empty()) return false;
  const Unit* unit = FindUnit(run);
  size_t next = at_;
  while (next < text_.size() && IsSpace(text_[next])) ++next;
  return unit != nullptr && IsMoney(unit->dimension) && next < text_.size() && IsDigit(text_[next]);
}

// 2 h 30 min
bool Lexer::MinutesFollow() const {
  size_t next = at_;
  while (next < text_.size() && (IsSpace(text_[next]) || IsDigit(text_[next]))) ++next;
  return next > at_ && IsDigit(text_[next - 1] == ' ' && next > at_ + 1 ? text_[next - 2] : text_[next - 1]) && text_.substr(next, 3) == "min";
}

// "6 x 10^23": the letter as a sign of multiplication.
bool Lexer::ScientificStandsHere() const {
  if (out_.tokens.empty() || out_.tokens.back().kind != Tok::kNumber) return false;
  size_t next = at_;
  while (next < text_.size() && IsSpace(text_[next])) ++next;
  const std::string_view rest = text_.substr(next, 4);
  return rest.substr(0, 3) == "10^" || rest == "10**";
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
  if (FindUnit(run) != nullptr && ((after_number && (space_ || !MayBeProduct(run))) || run.size() > kMaxSymbolRun || UnitContinues(run))) return true;
  if (run == "sq" && after_number && space_) return true;  // 12 sq cm
  if (IsCommonWord(run)) return true;
  if (run.size() == 3 && run.size() == text_.size() && !IsAlphabetRun(run) && IsVowel(run[1]) && !IsVowel(run[0]) && !IsVowel(run[2])) return true;  // cat, dog
  return run.size() > kMaxSymbolRun && !IsAlphabetRun(run);
}

// Two letters or three that are a unit, set apart behind a formula (2\sqrt{3} cm, 5\pi ft), behind another unit's slash (km/hr) or behind "sq".
bool Lexer::UnitContinues(std::string_view run) const {
  if (run.size() < 2 || run == "in" || out_.tokens.empty()) return false;
  const Tok before = out_.tokens.back().kind;
  const bool word = out_.tokens.size() > 1 && (out_.tokens[out_.tokens.size() - 2].kind == Tok::kWord || out_.tokens[out_.tokens.size() - 2].kind == Tok::kText);
  if (before == Tok::kDivide) return word;
  if (before == Tok::kWord) return space_;
  const bool formula = before == Tok::kClose || before == Tok::kPi || before == Tok::kSymbol;
  return formula && space_ && !MayBeProduct(run) && UnitsEnd();
}

// Whether nothing but the power of a unit and the units that it is divided by stand in the rest of the text: cm^3, km/h.
bool Lexer::UnitsEnd() const {
  std::string_view rest = text_.substr(at_);
  while (!rest.empty()) {
    const size_t power = rest[0] != '^' ? 0 : rest.size() > 1 && IsDigit(rest[1]) ? 2 : rest.size() > 3 && rest[1] == '{' && IsDigit(rest[2]) && rest[3] == '}' ? 4 : 0;
    rest.remove_prefix(power);
    if (rest.empty()) return true;
    if (rest[0] != '/') return false;
    size_t end = 1;
    while (end < rest.size() && IsLetter(rest[end])) ++end;
    if (FindUnit(rest.substr(1, end - 1)) == nullptr) return false;
    rest.remove_prefix(end);
  }
  return true;
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
  // x ∈ R, k in Z.
  const bool member = !out_.tokens.empty() && out_.tokens.back().kind == Tok::kRelation && (out_.tokens.back().op == static_cast<uint16_t>(Relation::kIn) || out_.tokens.back().op == static_cast<uint16_t>(Relation::kNotIn));
  if (member && std::string_view("RZNQ").find(letter) != std::string_view::npos) return Emit(Tok::kNumberSet, 0, letter);
  Emit(Tok::kSymbol, 0, letter);
}

// "k in Z": the word, between a name and a set.
bool Lexer::InStandsHere() const {
  if (out_.tokens.empty() || out_.tokens.back().kind != Tok::kSymbol || !space_) return false;
  size_t next = at_;
  while (next < text_.size() && IsSpace(text_[next])) ++next;
  if (next == at_ || next >= text_.size()) return false;
  const bool set = std::string_view("RZNQ").find(text_[next]) != std::string_view::npos && (next + 1 == text_.size() || !IsLetter(text_[next + 1]));
  return set || text_.substr(next, 7) == "\\mathbb" || std::string_view("([{").find(text_[next]) != std::string_view::npos;
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

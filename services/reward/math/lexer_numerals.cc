// Numerals: digits with a base.
#include <algorithm>
#include <iterator>

#include "services/reward/math/lexer_state.h"
#include "services/reward/math/limits.h"
#include "services/reward/math/plain_words.h"

namespace cohort::reward::math {
namespace {

int DigitValue(char digit) { return IsDigit(digit) ? digit - '0' : digit - 'A' + 10; }

// What may stand around the digits: how it opens and closes.
struct Wrapping {
  std::string_view open;
  size_t closing;  // Characters.
};
Wrapping WrappingAt(std::string_view text) {
  for (const std::string_view open : {"(", "{", "\\text{", "\\mathrm{"}) {
    if (text.substr(0, open.size()) == open) return {open, 1};
  }
  return {"", 0};
}

}  // namespace

// 11_2, 1A_{16}, (101)_2, {101}_2, \text{1A}_{16}, 203_{\text{six}}: digits with a base. Stands before the first character of it.
bool Lexer::Numeral() {
  if (!has_subscript_) return false;
  if (!out_.tokens.empty() && (out_.tokens.back().kind == Tok::kCaret || out_.tokens.back().kind == Tok::kUnderscore)) return false;  // x^2_5 is x_5^2.
  const Wrapping wrapping = WrappingAt(text_.substr(begin_));
  size_t end = begin_ + wrapping.open.size();
  const size_t from = end;
  while (end < text_.size() && (IsDigit(text_[end]) || (text_[end] >= 'A' && text_[end] <= 'Z'))) ++end;
  const std::string_view digits = text_.substr(from, end - from);
  if (digits.empty() || digits.size() > kMaxDigits || (digits.size() == 1 && !IsDigit(digits[0]))) return false;
  const bool letters = !IsDigit(digits[0]) && wrapping.closing > 0 && std::none_of(digits.begin(), digits.end(), IsDigit);  // \text{AB}_2
  if (letters) return false;
  if (wrapping.closing > 0 && (end >= text_.size() || text_[end++] != (wrapping.open == "(" ? ')' : '}'))) return false;
  if (end >= text_.size() || text_[end] != '_') return false;
  const size_t saved = at_;
  at_ = end + 1;
  const int base = Base();
  const bool valid = base >= 2 && base <= 36 && std::all_of(digits.begin(), digits.end(), [base](char d) { return DigitValue(d) < base; });
  if (!valid) {
    at_ = saved;
    if (std::all_of(digits.begin(), digits.end(), IsDigit)) Fail("these digits have no such base");
    return !out_.error.empty();
  }
  std::string& text = out_.storage.emplace_back(digits);
  text += '_';
  text += std::to_string(base);
  Emit(Tok::kNumeral, static_cast<uint16_t>(base), text);
  return true;
}

// "101 base 2", "101 (base 2)", "101\text{ base }2" for the digits `run` that were read.
bool Lexer::BaseInWords(std::string_view run) {
  if (!has_base_ || run.find('.') != std::string_view::npos || (Peek(0) != ' ' && Peek(0) != '\\' && Peek(0) != '(' && Peek(0) != '_')) return false;
  size_t at = at_;
  int open = 0;
  const auto pass = [&](std::string_view what) {
    if (text_.substr(at, what.size()) == what) at += what.size();
  };
  const auto pass_brackets = [&] {
    for (; at < text_.size() && (IsSpace(text_[at]) || std::string_view("({)}").find(text_[at]) != std::string_view::npos); ++at) {
      open += text_[at] == '(' || text_[at] == '{' ? 1 : IsSpace(text_[at]) ? 0 : -1;
    }
  };
  pass_brackets();
  pass("\\text");
  pass_brackets();
  pass("in ");
  if (text_.substr(at, 4) != "base") return false;
  at += 4;
  pass_brackets();
  size_t end = at;
  while (end < text_.size() && IsDigit(text_[end])) ++end;
  const std::string_view digits = text_.substr(at, end - at);
  if (digits.empty() || digits.size() > 2) return false;
  at = end;
  while (open > 0 && at < text_.size() && (IsSpace(text_[at]) || text_[at] == ')' || text_[at] == '}')) open -= IsSpace(text_[at++]) ? 0 : 1;
  const int base = std::stoi(std::string(digits));
  if (open != 0 || base < 2 || base > 36 || !std::all_of(run.begin(), run.end(), [base](char d) { return DigitValue(d) < base; })) return false;
  at_ = at;
  std::string& text = out_.storage.emplace_back(run);
  text += '_';
  text += digits;
  Emit(Tok::kNumeral, static_cast<uint16_t>(base), text);
  return true;
}

// The base after '_'; 0 when it is none.
int Lexer::Base() {
  static constexpr std::string_view kNames[] = {"two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"};
  std::string_view name;
  if (IsDigit(Peek(0))) {
    name = out_.plain ? Digits() : text_.substr(at_++, 1);
  } else if (Peek(0) == '{') {
    name = Argument();
    for (const std::string_view box : {"\\text{", "\\mathrm{", "\\textrm{"}) {
      if (name.substr(0, box.size()) == box && name.back() == '}') name = name.substr(box.size(), name.size() - box.size() - 1);
    }
  } else if (text_.substr(at_, 6) == "\\text{" || text_.substr(at_, 8) == "\\mathrm{") {
    at_ = text_.find('{', at_);
    name = Argument();
  } else {
    while (IsLetter(Peek(0))) name = text_.substr(at_ - name.size(), name.size() + 1), ++at_;
  }
  // 101_{\text{base }2}, but not "not base 2".
  const size_t word = std::min(name.find("base"), name.size());
  const std::string_view before = TrimmedWords(name.substr(0, word));
  if (word < name.size() && (before.empty() || before == "\\text{")) {
    name.remove_prefix(word + 4);
    while (!name.empty() && (IsSpace(name.front()) || name.front() == '}')) name.remove_prefix(1);
    while (!name.empty() && name.back() == '}') name.remove_suffix(1);
  }
  while (!name.empty() && IsSpace(name.front())) name.remove_prefix(1);
  while (!name.empty() && IsSpace(name.back())) name.remove_suffix(1);
  if (name.size() > 2 && name.front() == '(' && name.back() == ')') name = name.substr(1, name.size() - 2);  // 101_{(2)}
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (name == kNames[i]) return static_cast<int>(i) + 2;
  }
  if (name == "sixteen") return 16;
  if (name.empty() || name.size() > 2 || !std::all_of(name.begin(), name.end(), IsDigit)) return 0;
  return std::stoi(std::string(name));
}

}  // namespace cohort::reward::math

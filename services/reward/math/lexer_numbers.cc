// Numbers, and numerals with a base.
#include <algorithm>
#include <iterator>

#include "services/reward/math/lexer_state.h"
#include "services/reward/math/limits.h"

namespace cohort::reward::math {
namespace {

constexpr size_t kMaxScientificDigits = 4;

int DigitValue(char digit) { return IsDigit(digit) ? digit - '0' : digit - 'A' + 10; }

}  // namespace

void Lexer::Number() {
  if (Numeral()) return;
  std::string_view run = Digits();
  if (run == "0" && HexadecimalFollows()) return Fail("a number has letters among its digits");
  const bool groups = run.size() <= 3 && !run.empty() && run[0] != '0';
  bool copied = false;
  while (const size_t separator = groups ? SureThousands() : 0) {
    std::string& joined = copied ? out_.storage.back() : out_.storage.emplace_back(run);
    copied = true;
    at_ += separator;
    joined += Digits();
    run = joined;
  }
  if (Peek(0) == '.' && (IsDigit(Peek(1)) || RepetendFollows(at_ + 1))) {
    const size_t point = at_++;
    Digits();
    run = copied ? std::string_view(out_.storage.back() += text_.substr(point, at_ - point)) : text_.substr(begin_, at_ - begin_);
  }
  run = Scientific(run);
  if (run.size() > kMaxDigits) return Fail("a number has more than " + std::to_string(kMaxDigits) + " digits");
  Emit(Tok::kNumber, 0, run);
}

// 0x1F is no product with 0.
bool Lexer::HexadecimalFollows() const {
  const auto is_digit = [](char c) { return IsDigit(c) || (c >= 'A' && c <= 'F'); };
  return Peek(0) == 'x' && is_digit(Peek(1)) && is_digit(Peek(2));
}

// 1.5E10, 2e3: the exponent stays in the token. A sign after the letter only with a capital E, since 2e-3 is a difference.
std::string_view Lexer::Scientific(std::string_view run) {
  const char letter = Peek(0);
  if (letter != 'e' && letter != 'E') return run;
  const bool sign = letter == 'E' && (Peek(1) == '-' || Peek(1) == '+');
  const size_t digits = at_ + (sign ? 2 : 1);
  size_t end = digits;
  while (end < text_.size() && IsDigit(text_[end])) ++end;
  if (end == digits || end - digits > kMaxScientificDigits || (end < text_.size() && (IsLetter(text_[end]) || text_[end] == '_'))) return run;
  std::string& joined = out_.storage.emplace_back(run);
  joined += 'E';
  joined += text_.substr(at_ + 1, end - at_ - 1);
  at_ = end;
  return joined;
}

std::string_view Lexer::Digits() {
  const size_t from = at_;
  while (IsDigit(Peek(0))) ++at_;
  return text_.substr(from, at_ - from);
}

// Bytes of a separator before exactly three digits that can only be one of thousands; 0 when there is none.
size_t Lexer::SureThousands() const {
  for (const std::string_view separator : {"{,}", "\\,", ",\\!", "\\,\\!", "\\;", "\\:", "\\ ", "~"}) {
    if (text_.substr(at_, separator.size()) != separator) continue;
    const size_t digits = at_ + separator.size();
    size_t end = digits;
    while (end < text_.size() && IsDigit(text_[end])) ++end;
    const bool mixed = end < text_.size() && text_[end] == '/' && separator.find(',') == std::string_view::npos;  // 2~345/678
    if (end - digits == 3 && !mixed) return separator.size();
  }
  return 0;
}

bool Lexer::RepetendFollows(size_t at) const {
  const std::string_view rest = text_.substr(at);
  if (rest.substr(0, 9) == "\\overline" || rest.substr(0, 4) == "\\dot" || rest.substr(0, 4) == "\\bar") return rest.substr(0, 5) != "\\dots";
  return rest.size() > 2 && rest[0] == '(' && IsDigit(rest[1]);
}

// 11_2, 1A_{16}, (101)_2, 203_{\text{six}}: digits with a base.
bool Lexer::Numeral() {
  if (!out_.tokens.empty() && out_.tokens.back().kind == Tok::kCaret) return false;  // x^2_5 is x_5^2.
  const bool bracket = Peek(0) == '(';
  size_t end = at_ + (bracket ? 1 : 0);
  const size_t from = end;
  while (end < text_.size() && (IsDigit(text_[end]) || (text_[end] >= 'A' && text_[end] <= 'Z'))) ++end;
  const std::string_view digits = text_.substr(from, end - from);
  if (digits.empty() || digits.size() > kMaxDigits || (digits.size() == 1 && !IsDigit(digits[0]))) return false;
  if (bracket && (end >= text_.size() || text_[end++] != ')')) return false;
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
  } else {
    while (IsLetter(Peek(0))) name = text_.substr(at_ - name.size(), name.size() + 1), ++at_;
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

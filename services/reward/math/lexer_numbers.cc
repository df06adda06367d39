// Numbers.
#include <algorithm>
#include <iterator>

#include "services/reward/math/lexer_state.h"
#include "services/reward/math/limits.h"

namespace cohort::reward::math {
namespace {

constexpr size_t kMaxScientificDigits = 4;
constexpr size_t kShownTwice = 2, kShownThrice = 3;

// How often the last `period` characters stand at the end of `digits`, one behind the other.
size_t TimesAtEnd(std::string_view digits, size_t period) {
  size_t times = 1;
  while ((times + 1) * period <= digits.size() && digits.substr(digits.size() - (times + 1) * period, period) == digits.substr(digits.size() - period)) ++times;
  return times;
}

// The length of the block that decimals before an ellipsis show to repeat: three times, or twice when they are nothing else. 0 when they show none.
size_t ShownPeriod(std::string_view decimals) {
  for (size_t period = 1; period * kShownTwice <= decimals.size(); ++period) {
    const size_t times = TimesAtEnd(decimals, period);
    if (times >= kShownThrice || (period > 1 && times == kShownTwice && times * period == decimals.size())) return period;
  }
  return 0;
}

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
  if (RepeatsForEver(run)) return;
  if (BaseInWords(run)) return;
  run = Scientific(run);
  if (run.size() > kMaxDigits) return Fail("a number has more than " + std::to_string(kMaxDigits) + " digits");
  Emit(Tok::kNumber, 0, run);
}

// 0x1F is no product with 0.
bool Lexer::HexadecimalFollows() const {
  const auto is_digit = [](char c) { return IsDigit(c) || (c >= 'A' && c <= 'F'); };
  return Peek(0) == 'x' && is_digit(Peek(1)) && is_digit(Peek(2));
}

// 1.5E10, 2e3: the exponent stays in the token. 2e-3 is a difference, unless the other reading is asked for.
std::string_view Lexer::Scientific(std::string_view run) {
  const char letter = Peek(0);
  if (letter != 'e' && letter != 'E') return run;
  const bool signed_exponent = Peek(1) == '-' || Peek(1) == '+';
  if (letter == 'e' && signed_exponent && IsDigit(Peek(2))) out_.ambiguous = true;
  const bool sign = signed_exponent && (letter == 'E' || out_.signed_exponents);
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
  return SpaceGroups() ? 1 : 0;
}

// 1 234 567, all of it in groups of three, at the beginning of a value. 2 345/678 is a mixed number.
bool Lexer::SpaceGroups() const {
  const Tok before = out_.tokens.empty() ? Tok::kRelation : out_.tokens.back().kind;
  if (before != Tok::kRelation && before != Tok::kOpen && before != Tok::kMinus && before != Tok::kPlus && before != Tok::kCurrency && before != Tok::kComma) return false;
  size_t end = at_;
  while (end < text_.size() && text_[end] == ' ') {
    size_t digits = end + 1;
    while (digits < text_.size() && IsDigit(text_[digits])) ++digits;
    if (digits == end + 1) break;
    if (digits - end != 4) return false;
    end = digits;
  }
  return end > at_ && (end == text_.size() || std::string_view("/,{~\\").find(text_[end]) == std::string_view::npos);
}

// 0.1666... is 0.1(6): emits the tokens of that.
bool Lexer::RepeatsForEver(std::string_view run) {
  static constexpr std::string_view kEllipses[] = {"...", "\\ldots", "\\dots", "\\cdots"};
  const size_t point = run.find('.');
  if (point == std::string_view::npos || run.size() > kMaxDigits || (Peek(0) != '.' && Peek(0) != '\\')) return false;
  const auto* ellipsis = std::find_if(std::begin(kEllipses), std::end(kEllipses), [this](std::string_view sign) { return text_.substr(at_, sign.size()) == sign; });
  if (ellipsis == std::end(kEllipses)) return false;
  const size_t end = at_ + ellipsis->size(), period = ShownPeriod(run.substr(point + 1));
  if (period == 0 || (end < text_.size() && (IsDigit(text_[end]) || IsLetter(text_[end]) || text_[end] == '.'))) return false;
  Emit(Tok::kNumber, 0, run.substr(0, run.size() - period));
  Emit(Tok::kOpen, '(');
  Emit(Tok::kNumber, 0, run.substr(run.size() - period));
  Emit(Tok::kClose, ')');
  at_ = end;
  return true;
}

bool Lexer::RepetendFollows(size_t at) const {
  const std::string_view rest = text_.substr(at);
  if (rest.substr(0, 9) == "\\overline" || rest.substr(0, 4) == "\\dot" || rest.substr(0, 4) == "\\bar") return rest.substr(0, 5) != "\\dots";
  return rest.size() > 2 && rest[0] == '(' && IsDigit(rest[1]);
}

}  // namespace cohort::reward::math

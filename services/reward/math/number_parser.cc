#include "services/reward/math/number_parser.h"

#include <utility>

#include "services/reward/math/limits.h"

namespace cohort::reward::math {
namespace {

constexpr std::string_view kSpaceCommands[] = {"\\,", "\\;", "\\:", "\\!", "\\ "};
constexpr std::string_view kThousandsSeparators[] = {",\\!", ",", "{,}", "\\,"};  // Longer ones first.
constexpr std::string_view kFractionCommands[] = {"\\frac", "\\dfrac", "\\tfrac", "\\cfrac"};
constexpr std::string_view kRepetendCommands[] = {"\\overline", "\\dot"};
constexpr size_t kShownRest = 24;  // How much of the text an error message quotes.

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '~'; }

// digits · 10^-decimals
Rational Scaled(const std::string& digits, int decimals) {
  return {Integer::FromDigits(digits), Integer::PowerOfTen(static_cast<uint32_t>(decimals))};
}

}  // namespace

std::nullopt_t NumberParser::Fail(std::string_view what) {
  error_ = std::string(what) + " at " + std::to_string(at_ + 1) + ": '" + std::string(text_.substr(at_, kShownRest)) + "'";
  return std::nullopt;
}

bool NumberParser::SkipSpaces() {
  const size_t begin = at_;
  for (;;) {
    if (IsSpace(Peek())) {
      ++at_;
      continue;
    }
    bool skipped = false;
    for (const std::string_view space : kSpaceCommands) {
      if (StandsHere(space)) {
        at_ += space.size();
        skipped = true;
        break;
      }
    }
    if (!skipped) return at_ > begin;
  }
}

bool NumberParser::Take(std::string_view token) {
  const size_t begin = at_;
  SkipSpaces();
  const bool is_command = token.size() > 1 && token[0] == '\\' && IsLetter(token[1]);
  if (StandsHere(token) && !(is_command && IsLetter(Peek(token.size())))) {
    at_ += token.size();
    return true;
  }
  at_ = begin;
  return false;
}

bool NumberParser::AtEnd() {
  SkipSpaces();
  return at_ == text_.size();
}

bool NumberParser::TakeFractionCommand() {
  for (const std::string_view command : kFractionCommands) {
    if (Take(command)) return true;
  }
  return false;
}

std::optional<std::string> NumberParser::TakeDigits() {
  const size_t begin = at_;
  while (IsDigit(Peek())) ++at_;
  if (!fuel_.Spend(1 + static_cast<int64_t>(at_ - begin))) return Fail("out of fuel");
  return std::string(text_.substr(begin, at_ - begin));
}

// Appends the groups of three that follow one to three leading digits; false when there are none.
bool NumberParser::TakeThousands(std::string& digits) {
  if (digits.empty() || digits.size() > 3 || digits[0] == '0') return false;
  bool any = false;
  for (bool more = true; more;) {
    more = false;
    for (const std::string_view separator : kThousandsSeparators) {
      const size_t group = separator.size();
      if (!StandsHere(separator) || !IsDigit(Peek(group)) || !IsDigit(Peek(group + 1)) || !IsDigit(Peek(group + 2)) || IsDigit(Peek(group + 3))) continue;
      digits += text_.substr(at_ + group, 3);
      at_ += group + 3;
      any = more = true;
      break;
    }
  }
  return any;
}

// The digits under \overline{..} or \dot{..} after a decimal point; "" when there are none.
std::optional<std::string> NumberParser::TakeRepetend() {
  for (const std::string_view command : kRepetendCommands) {
    if (!Take(command)) continue;
    if (!Take("{")) return Fail("'{' was expected");
    std::optional<std::string> digits = TakeDigits();
    if (!digits.has_value()) return digits;
    if (digits->empty()) return Fail("a digit was expected");
    if (command == "\\dot" && digits->size() > 1) return Fail("one digit was expected under a dot");
    if (!Take("}")) return Fail("'}' was expected");
    return digits;
  }
  return "";
}

std::optional<NumberParser::Literal> NumberParser::ParseLiteral() {
  SkipSpaces();
  std::optional<std::string> digits = TakeDigits();
  if (!digits.has_value()) return std::nullopt;
  TakeThousands(*digits);
  Literal literal;
  std::string repetend;
  if (Peek() == '.' && (IsDigit(Peek(1)) || Peek(1) == '\\')) {
    ++at_;
    literal.whole = false;
    const std::optional<std::string> decimals = TakeDigits();
    if (!decimals.has_value()) return std::nullopt;
    *digits += *decimals;
    literal.decimals = static_cast<int>(decimals->size());
    const std::optional<std::string> repeated = Peek() == '\\' ? TakeRepetend() : "";
    if (!repeated.has_value()) return std::nullopt;
    repetend = *repeated;
    if (decimals->empty() && repetend.empty()) return Fail("a digit was expected");
  }
  if (digits->empty() && repetend.empty()) return Fail("a number was expected");
  if (digits->size() + repetend.size() > kMaxDigits) return Fail("the number has too many digits");
  literal.value = Scaled(digits->empty() ? "0" : *digits, literal.decimals);
  if (!repetend.empty()) {  // repetend / (10^k - 1), moved behind the other decimals.
    const std::string nines(repetend.size(), '9');
    const Rational period(Integer::FromDigits(repetend), Integer::FromDigits(nines));
    literal.value = literal.value + period / Rational(Integer::PowerOfTen(static_cast<uint32_t>(literal.decimals)), Integer(1));
  }
  return literal;
}

std::optional<Rational> NumberParser::Quotient(const Rational& a, const Rational& b) {
  if (b.sign() == 0) return Fail("the denominator is zero");
  if (!fuel_.Spend(1 + a.numerator().words() * b.denominator().words() + b.numerator().words() * a.denominator().words())) return Fail("out of fuel");
  return a / b;
}

// One argument of \frac: {signed literal}, or a single digit.
std::optional<Rational> NumberParser::ParseFractionPart() {
  if (!Take("{")) {
    SkipSpaces();
    if (!IsDigit(Peek())) return Fail("a digit or '{' was expected");
    return Rational(Integer(text_[at_++] - '0'), Integer(1));
  }
  const bool negative = Take("-");
  if (!negative) Take("+");
  std::optional<Literal> literal = ParseLiteral();
  if (!literal.has_value()) return std::nullopt;
  if (!Take("}")) return Fail("'}' was expected");
  if (negative) literal->value.Negate();
  return std::move(literal->value);
}

std::optional<Rational> NumberParser::ParseFractionAfterCommand() {
  const std::optional<Rational> numerator = ParseFractionPart();
  if (!numerator.has_value()) return std::nullopt;
  const std::optional<Rational> denominator = ParseFractionPart();
  if (!denominator.has_value()) return std::nullopt;
  return Quotient(*numerator, *denominator);
}

std::optional<Number> NumberParser::FinishMixed(const Literal& whole, const Rational& fraction) {
  if (fraction.sign() <= 0 || Compare(fraction, Rational(Integer(1), Integer(1))) >= 0) return Fail("the fraction of a mixed number is not proper");
  return Number{whole.value + fraction, std::nullopt};
}

std::optional<Number> NumberParser::ParseUnsigned() {
  if (TakeFractionCommand()) {
    std::optional<Rational> fraction = ParseFractionAfterCommand();
    if (!fraction.has_value()) return std::nullopt;
    return Number{std::move(*fraction), std::nullopt};
  }
  const std::optional<Literal> literal = ParseLiteral();
  if (!literal.has_value()) return std::nullopt;
  if (Take("/")) {
    const std::optional<Literal> denominator = ParseLiteral();
    if (!denominator.has_value()) return std::nullopt;
    std::optional<Rational> quotient = Quotient(literal->value, denominator->value);
    if (!quotient.has_value()) return std::nullopt;
    return Number{std::move(*quotient), std::nullopt};
  }
  if (literal->whole && TakeFractionCommand()) {
    const std::optional<Rational> fraction = ParseFractionAfterCommand();
    if (!fraction.has_value()) return std::nullopt;
    return FinishMixed(*literal, *fraction);
  }
  const size_t after_literal = at_;
  if (literal->whole && SkipSpaces() && IsDigit(Peek())) {
    const std::optional<Literal> numerator = ParseLiteral();
    if (!numerator.has_value()) return std::nullopt;
    if (!numerator->whole || !Take("/")) return Fail("the fraction of a mixed number was expected");
    const std::optional<Literal> denominator = ParseLiteral();
    if (!denominator.has_value()) return std::nullopt;
    const std::optional<Rational> fraction = Quotient(numerator->value, denominator->value);
    if (!fraction.has_value() || !denominator->whole) return Fail("the fraction of a mixed number was expected");
    return FinishMixed(*literal, *fraction);
  }
  at_ = after_literal;
  return Number{literal->value, literal->decimals};
}

std::optional<Number> NumberParser::ParseNumber() {
  const bool negative = Take("-");
  if (!negative) Take("+");
  std::optional<Number> number = ParseUnsigned();
  if (!number.has_value()) return number;
  if (Take("%") || Take("\\%")) {
    number->value = number->value / Rational(Integer(100), Integer(1));
    if (number->decimals.has_value()) *number->decimals += 2;
  }
  if (negative) number->value.Negate();
  return number;
}

}  // namespace cohort::reward::math

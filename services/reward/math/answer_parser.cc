#include "services/reward/math/answer_parser.h"

#include <utility>

#include "services/reward/math/limits.h"
#include "services/reward/math/normalize.h"
#include "services/reward/math/number_parser.h"

namespace cohort::reward::math {
namespace {

struct Delimiters {
  std::string_view open;
  std::string_view close;
};
constexpr Delimiters kDelimiters[] = {{"$$", "$$"}, {"$", "$"}, {"\\(", "\\)"}, {"\\[", "\\]"}};

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

bool TakeFinalStop(std::string_view& text) {
  if (text.empty() || text.back() != '.') return false;
  text = Trimmed(text.substr(0, text.size() - 1));
  return true;
}

std::string_view WithoutDelimiters(std::string_view text) {
  for (const auto& [open, close] : kDelimiters) {
    if (text.size() >= open.size() + close.size() && text.substr(0, open.size()) == open && text.substr(text.size() - close.size()) == close) {
      return Trimmed(text.substr(open.size(), text.size() - open.size() - close.size()));
    }
  }
  return text;
}

// Without the tokens that are free: at most one final stop, inside or outside the delimiters, and one pair of these.
std::string_view WithoutFreeTokens(std::string_view text) {
  text = Trimmed(text);
  const bool stop_taken = TakeFinalStop(text);
  text = WithoutDelimiters(text);
  if (!stop_taken) TakeFinalStop(text);
  return text;
}

// Whether `shown`, a decimal with `decimals` digits after the point, is `exact` rounded: they differ by at most half of the last digit.
bool AgreesToDigitsShown(const Rational& exact, const Number& shown) {
  if (!shown.decimals.has_value()) return exact == shown.value;
  Rational difference = exact - shown.value;
  if (difference.sign() < 0) difference.Negate();
  const Rational twice_scale(Integer(2), Integer(1));
  const Rational scale(Integer::PowerOfTen(static_cast<uint32_t>(*shown.decimals)), Integer(1));
  return Compare(difference * scale * twice_scale, Rational(Integer(1), Integer(1))) <= 0;
}

bool SpendOnComparison(const Rational& a, const Rational& b, Fuel& fuel) {
  return fuel.Spend(1 + a.numerator().words() * b.denominator().words() + b.numerator().words() * a.denominator().words());
}

std::optional<ParsedAnswer> ParseChain(NumberParser& parser, Fuel& fuel) {
  std::optional<Number> term = parser.ParseNumber();
  if (!term.has_value()) return std::nullopt;
  ParsedAnswer answer{std::move(term->value), true};
  for (size_t terms = 1; !parser.AtEnd(); ++terms) {
    const bool exact = parser.Take("=");
    if (!exact && !parser.Take("\\approx")) return parser.Fail("the end was expected");
    if (terms == kMaxChainTerms) return parser.Fail("the chain has too many terms");
    std::optional<Number> next = parser.ParseNumber();
    if (!next.has_value()) return std::nullopt;
    if (!SpendOnComparison(answer.value, next->value, fuel)) return parser.Fail("out of fuel");
    if (!exact) {
      answer.chain_holds = answer.chain_holds && AgreesToDigitsShown(answer.value, *next);
      if (!parser.AtEnd()) return parser.Fail("the end was expected");
      return answer;
    }
    answer.chain_holds = answer.chain_holds && answer.value == next->value;
    answer.value = std::move(next->value);
  }
  return answer;
}

}  // namespace

ParseResult ParseAnswer(std::string_view text, size_t max_bytes, Fuel& fuel) {
  ParseResult result;
  if (text.size() > max_bytes) {
    result.error = "it is longer than " + std::to_string(max_bytes) + " bytes";
    return result;
  }
  if (!fuel.Spend(1 + static_cast<int64_t>(text.size()))) {
    result.error = "out of fuel";
    return result;
  }
  const std::optional<std::string> ascii = NormalizeToAscii(text);
  if (!ascii.has_value()) {
    result.error = "it contains a character that stands for nothing in mathematics";
    return result;
  }
  const std::string_view stripped = WithoutFreeTokens(*ascii);
  if (stripped.empty()) {
    result.error = "it is empty";
    return result;
  }
  NumberParser parser(stripped, fuel);
  result.answer = ParseChain(parser, fuel);
  if (!result.answer.has_value()) result.error = parser.error();
  return result;
}

}  // namespace cohort::reward::math

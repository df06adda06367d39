#include "services/reward/math/literal.h"

#include <cstddef>

namespace cohort::reward::math {
namespace {

constexpr size_t kMaxLiteralDigits = 18;

// Reads a text from front to back; everything after the first thing that does not fit fails.
class Reader {
 public:
  explicit Reader(std::string_view rest) : rest_(rest) {}

  bool Take(std::string_view what) {
    if (rest_.substr(0, what.size()) != what) return false;
    rest_.remove_prefix(what.size());
    return true;
  }
  // Digits, as many as there are but at least one and at most `most`, appended to `value`; how many there were, or 0.
  size_t Digits(size_t most, int64_t& value) {
    size_t count = 0;
    for (; count < rest_.size() && rest_[count] >= '0' && rest_[count] <= '9'; ++count) {
      if (count == most) return 0;
      value = 10 * value + (rest_[count] - '0');
    }
    rest_.remove_prefix(count);
    return count;
  }
  bool done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

bool TakeFraction(Reader& reader, Literal& literal) {
  literal.whole = false;
  literal.denominator = 0;
  if (!reader.Take("{") || reader.Digits(kMaxLiteralDigits, literal.numerator) == 0 || !reader.Take("}")) return false;
  if (!reader.Take("{")) return reader.Digits(1, literal.denominator) != 0;
  return reader.Digits(kMaxLiteralDigits, literal.denominator) != 0 && reader.Take("}");
}

bool TakeNumber(Reader& reader, Literal& literal) {
  const size_t before = reader.Digits(kMaxLiteralDigits, literal.numerator);
  if (before == 0) return false;
  if (reader.Take(".")) {
    literal.whole = false;
    const size_t decimals = before < kMaxLiteralDigits ? reader.Digits(kMaxLiteralDigits - before, literal.numerator) : 0;
    for (size_t i = 0; i < decimals; ++i) literal.denominator *= 10;
    return decimals > 0;
  }
  if (reader.Take("/")) {
    literal.whole = false;
    literal.denominator = 0;
    return reader.Digits(kMaxLiteralDigits, literal.denominator) > 0;
  }
  return true;
}

}  // namespace

std::optional<Literal> ReadLiteral(std::string_view text) {
  if (text.size() > 2 && text.front() == '$' && text.back() == '$') text = text.substr(1, text.size() - 2);
  Reader reader(text);
  Literal literal;
  const bool negative = reader.Take("-");
  const bool fraction = reader.Take("\\frac") || reader.Take("\\dfrac") || reader.Take("\\tfrac");
  if (!(fraction ? TakeFraction(reader, literal) : TakeNumber(reader, literal)) || !reader.done() || literal.denominator == 0) return std::nullopt;
  if (negative) literal.numerator = -literal.numerator;
  return literal;
}

}  // namespace cohort::reward::math

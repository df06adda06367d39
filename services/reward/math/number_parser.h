#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "services/reward/math/fuel.h"
#include "services/reward/math/rational.h"

namespace cohort::reward::math {

// A number as it was written.
struct Number {
  Rational value;
  std::optional<int> decimals;  // Digits shown after the decimal point of its value, when it was written as a decimal; else nullopt.
};

// Reads numbers from ASCII text, left to right. What it knows:
//   integers and decimals            42  007  3.50  .5
//   thousands separators             1,234  1{,}234  1\,234  1,\!234   groups of exactly three, the first digit not 0
//   fractions                        3/4  1.5/2  \frac34  \frac{-3}{4}  \dfrac \tfrac \cfrac
//   mixed numbers                    2\frac12  2 1/2    the fraction proper
//   repeating decimals               0.\overline{3}  0.1\overline{6}  0.\dot{3}
//   one sign before all of it        -5  + 5
//   percent after all of it          50%  50\%          divides by 100
// A literal is a literal: sums, products, powers and brackets are not evaluated, so that a copied question is no answer.
// Not thread-safe.
class NumberParser {
 public:
  // `text` and `fuel` must outlive the parser.
  NumberParser(std::string_view text, Fuel& fuel) : text_(text), fuel_(fuel) {}

  // The number that begins here; nullopt with error() set when there is none. The parser then stands where it failed.
  std::optional<Number> ParseNumber();

  // Takes `token` when it stands here, white space before it. A command (\approx) must not go on with a letter.
  bool Take(std::string_view token);
  // Whether nothing but white space is left.
  bool AtEnd();

  // Why the last parse failed, with the place: "a digit was expected at 3: ".
  const std::string& error() const { return error_; }
  // Sets error() to "`what` at N: rest of the text" and returns nullopt.
  std::nullopt_t Fail(std::string_view what);

 private:
  struct Literal {
    Rational value;
    int decimals = 0;
    bool whole = true;  // Digits only.
  };

  bool SkipSpaces();
  bool TakeFractionCommand();
  std::optional<std::string> TakeDigits();
  std::optional<Literal> ParseLiteral();
  bool TakeThousands(std::string& digits);
  std::optional<std::string> TakeRepetend();
  std::optional<Rational> ParseFractionPart();
  std::optional<Rational> ParseFractionAfterCommand();
  std::optional<Number> ParseUnsigned();
  std::optional<Number> FinishMixed(const Literal& whole, const Rational& fraction);
  std::optional<Rational> Quotient(const Rational& a, const Rational& b);

  char Peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool StandsHere(std::string_view token) const { return text_.substr(at_, token.size()) == token; }

  std::string_view text_;
  Fuel& fuel_;
  size_t at_ = 0;
  std::string error_;
};

}  // namespace cohort::reward::math

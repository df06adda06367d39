#include "services/reward/math/compare.h"

#include "services/reward/math/answer_parser.h"
#include "services/reward/math/limits.h"

namespace cohort::reward::math {

std::string GoldError(std::string_view gold, Fuel& fuel) {
  const ParseResult parsed = ParseAnswer(gold, kMaxGoldBytes, fuel);
  if (!parsed.answer.has_value()) return parsed.error;
  return parsed.answer->chain_holds ? "" : "its two sides are not equal";
}

Comparison Compare(std::string_view gold, std::string_view answer, Fuel& fuel) {
  const ParseResult expected = ParseAnswer(gold, kMaxGoldBytes, fuel);
  if (fuel.exhausted()) return {v1::VERDICT_TIMEOUT};
  if (!expected.answer.has_value() || !expected.answer->chain_holds) return {v1::VERDICT_GOLD_UNPARSEABLE};
  const ParseResult found = ParseAnswer(answer, kMaxAnswerBytes, fuel);
  if (fuel.exhausted()) return {v1::VERDICT_TIMEOUT};
  if (!found.answer.has_value()) return {v1::VERDICT_PRED_UNPARSEABLE};
  const Rational& a = expected.answer->value;
  const Rational& b = found.answer->value;
  if (!fuel.Spend(1 + a.numerator().words() * b.denominator().words() + b.numerator().words() * a.denominator().words())) return {v1::VERDICT_TIMEOUT};
  const bool equal = found.answer->chain_holds && a == b;
  return {equal ? v1::VERDICT_CORRECT : v1::VERDICT_INCORRECT, v1::METHOD_EXACT};
}

}  // namespace cohort::reward::math

#include "services/reward/math/compare.h"

#include <optional>

#include "services/reward/math/approximation.h"
#include "services/reward/math/canonical.h"
#include "services/reward/math/equations.h"
#include "services/reward/math/limits.h"
#include "services/reward/math/parser.h"
#include "services/reward/math/random.h"
#include "services/reward/math/typed.h"

namespace cohort::reward::math {
namespace {

constexpr Reading kUsual;
constexpr Reading kOther{false, true};

uint64_t KeyOf(uint64_t secret, std::string_view gold) {
  uint64_t hash = 14695981039346656037u;
  for (const char c : gold) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return Random(secret ^ hash).Next();
}

// The whole number that the text is and nothing else, when it is short: the most frequent answer needs no parser.
std::optional<int64_t> ShortInteger(std::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  if (text.empty() || text.size() > 18) return std::nullopt;
  int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = 10 * value + (c - '0');
  }
  return negative ? -value : value;
}

// A number as it was written, not a calculation.
bool IsLiteral(View view) {
  switch (view.kind()) {
    case Kind::kNumber: case Kind::kNumeral: return true;
    case Kind::kNegate: case Kind::kPercent: return IsLiteral(view.kid(0));
    case Kind::kDivide: return view.kid(0).kind() == Kind::kNumber && view.kid(1).kind() == Kind::kNumber;
    case Kind::kMultiply: return view.kid(1).kind() == Kind::kUnit && IsLiteral(view.kid(0));
    case Kind::kRelation:
      for (size_t i = 0; i < view.size(); ++i) {
        if (view.kid(i).kind() != Kind::kSymbol && !IsLiteral(view.kid(i))) return false;
      }
      return true;
    default: return false;
  }
}

Comparison FromDecision(const Decision& decision, const Fuel& fuel) {
  if (fuel.exhausted()) return {v1::VERDICT_TIMEOUT};
  switch (decision.equality) {
    case Equality::kEqual: return {v1::VERDICT_CORRECT, decision.method, decision.rule};
    case Equality::kDifferent: return {v1::VERDICT_INCORRECT, decision.method, decision.rule};
    default: return {v1::VERDICT_UNKNOWN, decision.method, decision.rule};
  }
}

// A reference answer, understood.
struct Gold {
  Ast ast;
  std::string error;
};

Gold ReadGold(std::string_view text, const Context& context) {
  Parsed parsed = Parse(text, kMaxGoldBytes, kUsual, context.fuel);
  if (!parsed.error.empty()) return {{}, std::move(parsed.error)};
  Chain chain = ResolveChain({parsed.ast, parsed.ast.root}, context);
  if (context.fuel.exhausted()) return {{}, "out of fuel"};
  if (!chain.holds) return {{}, "its two sides are not equal"};
  if (Canonical(chain.ast, chain.ast.root, context.fuel).undefined) return {{}, context.fuel.exhausted() ? "out of fuel" : "it divides by zero"};
  return {std::move(chain.ast), ""};
}

Decision CompareReading(const Ast& gold, const Parsed& parsed, const Context& context) {
  const View view(parsed.ast, parsed.ast.root);
  if (context.policy.literal_only && !IsLiteral(view)) return {Equality::kDifferent, v1::METHOD_STRUCTURAL, "a number was asked for, not a calculation"};
  const Chain chain = ResolveChain(view, context);
  if (!chain.holds) return {Equality::kDifferent, v1::METHOD_EXACT, "a link of the chain is false"};
  const View expected(gold, gold.root), found(chain.ast, chain.ast.root);
  const Decision decision = CompareAnswers(expected, found, context);
  if (decision.equality == Equality::kEqual || context.policy.approximation == Approximation::kNone) return decision;
  return CompareApproximately(expected, found, context).value_or(decision);
}

}  // namespace

Comparison Compare(std::string_view gold, std::string_view answer, const CompareOptions& options, Fuel& fuel) {
  if (!fuel.Spend(1 + static_cast<int64_t>(gold.size()))) return {v1::VERDICT_TIMEOUT};
  const std::optional<int64_t> short_gold = ShortInteger(gold), short_answer = ShortInteger(answer);
  if (short_gold.has_value() && short_answer.has_value() && options.policy.approximation == Approximation::kNone) {
    const bool same = *short_gold == *short_answer;
    return {same ? v1::VERDICT_CORRECT : v1::VERDICT_INCORRECT, v1::METHOD_EXACT, same ? "the same rational number" : "different rational numbers"};
  }
  const Context context{options.policy, KeyOf(options.secret, gold), fuel};
  const Gold expected = ReadGold(gold, context);
  if (fuel.exhausted()) return {v1::VERDICT_TIMEOUT};
  if (!expected.error.empty()) return {v1::VERDICT_GOLD_UNPARSEABLE};
  const Parsed found = Parse(answer, kMaxAnswerBytes, kUsual, fuel);
  if (fuel.exhausted()) return {v1::VERDICT_TIMEOUT};
  if (!found.error.empty()) return {v1::VERDICT_PRED_UNPARSEABLE};
  const Decision decision = CompareReading(expected.ast, found, context);
  if (decision.equality == Equality::kEqual || !found.ambiguous) return FromDecision(decision, fuel);
  const Parsed other = Parse(answer, kMaxAnswerBytes, kOther, fuel);
  if (!other.error.empty() || fuel.exhausted()) return FromDecision(decision, fuel);
  const Decision second = CompareReading(expected.ast, other, context);
  return FromDecision(second.equality == Equality::kEqual ? second : decision, fuel);
}

Comparison Compare(std::string_view gold, std::string_view answer, Fuel& fuel) { return Compare(gold, answer, CompareOptions(), fuel); }

std::string GoldError(std::string_view gold, Fuel& fuel) {
  const Policy policy;
  return ReadGold(gold, {policy, KeyOf(0, gold), fuel}).error;
}

Canonicalized Canonicalize(std::string_view text, Fuel& fuel) {
  const Parsed parsed = Parse(text, kMaxGoldBytes, kUsual, fuel);
  if (!parsed.error.empty()) return {false, "", parsed.error};
  const Form form = Canonical(parsed.ast, parsed.ast.root, fuel);
  if (fuel.exhausted()) return {false, "", "out of fuel"};
  if (form.undefined) return {false, "", "it divides by zero"};
  return {true, form.Text(), ""};
}

}  // namespace cohort::reward::math

#include "services/reward/math/compare.h"

#include <optional>
#include <utility>

#include "services/reward/math/approximation.h"
#include "services/reward/math/canonical.h"
#include "services/reward/math/choices.h"
#include "services/reward/math/equations.h"
#include "services/reward/math/limits.h"
#include "services/reward/math/parser.h"
#include "services/reward/math/random.h"
#include "services/reward/math/typed.h"

namespace cohort::reward::math {
namespace {

constexpr Reading kUsual;
constexpr Reading kOther{false, true, true};

uint64_t KeyOf(uint64_t secret, std::string_view text) {
  uint64_t hash = 14695981039346656037u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return Random(secret ^ hash).Next();
}

// A number as it was written, not a calculation.
bool IsLiteral(View view) {
  switch (view.kind()) {
    case Kind::kNumber: case Kind::kNumeral: return true;
    case Kind::kNegate: case Kind::kPercent: return IsLiteral(view.kid(0));
    case Kind::kDivide: {
      const View above = view.kid(0).kind() == Kind::kNegate ? view.kid(0).kid(0) : view.kid(0);
      return above.kind() == Kind::kNumber && view.kid(1).kind() == Kind::kNumber;
    }
    case Kind::kMultiply: return view.kid(1).kind() == Kind::kUnit && IsLiteral(view.kid(0));
    case Kind::kRelation:
      for (size_t i = 0; i < view.size(); ++i) {
        if (view.kid(i).kind() != Kind::kSymbol && !IsLiteral(view.kid(i))) return false;
      }
      return true;
    default: return false;
  }
}

// {5}: the set of the solutions of an equation that has one. As a whole answer it is its member where the other side is one value, 5 or x = 5.
bool IsSingleton(View view) { return view.kind() == Kind::kSet && view.size() == 1 && (view.kid(0).kind() <= Kind::kPrime || view.kid(0).kind() == Kind::kTuple) && view.kid(0).kind() != Kind::kEmptySet; }
bool IsOneValue(View view) {
  if (view.kind() == Kind::kRelation) return view.size() == 2 && view.ast.relation(view.id, 0) == Relation::kEqual;
  return view.kind() == Kind::kTuple || (view.kind() <= Kind::kPrime && view.kind() != Kind::kEmptySet && view.kind() != Kind::kNumberSet);
}
View OnlyMember(View view) { return IsSingleton(view) ? view.kid(0) : view; }

// The letter A to J of a choice, also in small.
bool IsChoiceLetter(const Ast& ast, NodeId id) {
  if (!ast.Is(id, Kind::kSymbol) || ast.name(id).size() != 1) return false;
  const char letter = ast.name(id)[0];
  return (letter >= 'A' && letter <= 'J') || (letter >= 'a' && letter <= 'j');
}

// "B = A" and "A + 0B" are no way to choose A.
bool NamesOtherChoice(View expected, View found) {
  if (!IsChoiceLetter(expected.ast, expected.id) || expected.ast.name(expected.id)[0] > 'J') return false;
  const std::string& choice = expected.ast.name(expected.id);
  if (found.kind() == Kind::kRelation && DependsOn(found.kid(0), choice)) return true;
  for (NodeId id = found.node().begin; id <= found.id; ++id) {
    if (IsChoiceLetter(found.ast, id) && found.ast.name(id) != choice) return true;
  }
  return false;
}

Comparison FromDecision(const Decision& decision, const Fuel& fuel) {
  if (fuel.exhausted()) return {v1::VERDICT_TIMEOUT};
  switch (decision.equality) {
    case Equality::kEqual: return {v1::VERDICT_CORRECT, decision.method, decision.rule};
    case Equality::kDifferent: return {v1::VERDICT_INCORRECT, decision.method, decision.rule};
    default: return {v1::VERDICT_UNKNOWN, decision.method, decision.rule};
  }
}

// A choice whose text, where it has one, is a formula.
std::optional<Choice> ReadUsableChoice(std::string_view text, Fuel& fuel) {
  if (text.size() > kMaxAnswerBytes || !fuel.Spend(static_cast<int64_t>(text.size()))) return std::nullopt;
  std::optional<Choice> choice = ReadChoice(text);
  if (!choice.has_value()) return std::nullopt;
  if (choice->rest.find_first_not_of(" .") == std::string_view::npos) return Choice{choice->letter, ""};
  const Parsed rest = Parse(choice->rest, kMaxAnswerBytes, kUsual, fuel);
  return rest.error.empty() && MayStandBehindChoice({rest.ast, rest.ast.root}) ? choice : std::nullopt;
}

// A reference answer; of "(B) 5" and "Option B" the letter, and in `text` what stands behind it.
Parsed ParseChosen(std::string_view gold, Fuel& fuel, std::string& text) {
  const std::optional<Choice> choice = ReadUsableChoice(gold, fuel);
  if (!choice.has_value()) return Parse(gold, kMaxGoldBytes, kUsual, fuel);
  text = choice->rest;
  Parsed letter;
  letter.ast.root = letter.ast.AddNamed(Kind::kSymbol, std::string_view(&choice->letter, 1));
  return letter;
}

Comparison SameLiterals(const Literal& a, const Literal& b) {
  const bool same = a == b;
  return {same ? v1::VERDICT_CORRECT : v1::VERDICT_INCORRECT, v1::METHOD_EXACT, same ? "the same rational number" : "different rational numbers"};
}

// Under some policies more than its value counts of a number.
bool ValueDecides(const Policy& policy) { return policy.approximation == Approximation::kNone; }

}  // namespace

Gold::Gold(std::string_view text, const CompareOptions& options, int64_t steps) : options_(options), key_(KeyOf(options.secret, text)) {
  Fuel fuel(steps);
  const Context context{options_.policy, key_, fuel, options_.secret};
  if (ValueDecides(options_.policy)) literal_ = ReadLiteral(text);
  if (literal_.has_value() && literal_->whole) {
    ast_.root = ast_.AddNumber(literal_->numerator);
    form_ = OfNumber(literal_->numerator);
    fuel.Spend(1 + static_cast<int64_t>(text.size()));
  } else {
    Parsed parsed = ParseChosen(text, fuel, choice_text_);
    error_ = std::move(parsed.error);
    if (error_.empty()) {
      Chain chain = ResolveChain({parsed.ast, parsed.ast.root}, context);
      if (!chain.holds) error_ = "its two sides are not equal";
      ast_ = chain.made.has_value() ? *std::move(chain.made) : std::move(parsed.ast);
      ast_.root = chain.root;
      if (chain.holds) form_ = Canonical(ast_, ast_.root, fuel);
    }
  }
  if (error_.empty()) ingredients_ = IngredientsOf({ast_, ast_.root});
  if (form_.undefined) error_ = "it divides by zero";
  out_of_fuel_ = fuel.exhausted();
  if (out_of_fuel_) error_ = "out of fuel";
  cost_ = steps - fuel.left();
}

Decision Gold::CompareReading(const Parsed& parsed, const Context& context) const {
  const View view(parsed.ast, parsed.ast.root);
  if (context.policy.literal_only && !IsLiteral(view)) return {Equality::kDifferent, v1::METHOD_STRUCTURAL, "a number was asked for, not a calculation"};
  const Chain chain = ResolveChain(view, context);
  if (!chain.holds) return {Equality::kDifferent, v1::METHOD_EXACT, "a link of the chain is false"};
  const View expected(ast_, ast_.root), found(chain.made.has_value() ? *chain.made : parsed.ast, chain.root);
  if (Clash(ingredients_, IngredientsOf(found), context.policy.units)) return {Equality::kDifferent, v1::METHOD_STRUCTURAL, "one side has units, words or sets that the other lacks"};
  if (NamesOtherChoice(expected, found) || NamesOtherChoice(found, expected)) return {Equality::kDifferent, v1::METHOD_STRUCTURAL, "another choice is named, too"};
  const Decision decision = (IsSingleton(expected) && IsOneValue(found)) || (IsSingleton(found) && IsOneValue(expected)) ? CompareAnswers(OnlyMember(expected), OnlyMember(found), context)
                                                                        : CompareAnswers(expected, form_, found, Canonical(found.ast, found.id, context.fuel), context);
  if (decision.equality == Equality::kEqual || context.policy.approximation == Approximation::kNone) return decision;
  return CompareApproximately(expected, found, context).value_or(decision);
}

// The reference is the letter of a choice, and the answer names one with its text, which has to be that of the reference where both have one.
std::optional<Comparison> Gold::CompareChoice(std::string_view answer, Fuel& fuel) const {
  const std::string& letter = ast_.name(ast_.root);
  if (letter.size() != 1 || letter[0] < 'A' || letter[0] > 'J') return std::nullopt;
  const std::optional<Choice> choice = ReadUsableChoice(answer, fuel);
  if (fuel.exhausted()) return Comparison{v1::VERDICT_TIMEOUT};
  if (!choice.has_value()) return std::nullopt;
  if (choice->letter == letter[0] && !choice_text_.empty() && !choice->rest.empty()) return Gold(choice_text_, options_, fuel.left()).Compare(choice->rest, fuel);
  const bool same = choice->letter == letter[0];
  return Comparison{same ? v1::VERDICT_CORRECT : v1::VERDICT_INCORRECT, v1::METHOD_TEXT, same ? "the same choice" : "another choice"};
}

Comparison Gold::Compare(std::string_view answer, Fuel& fuel) const {
  if (out_of_fuel_ || !fuel.Spend(cost_)) return {v1::VERDICT_TIMEOUT};
  if (!error_.empty()) return {v1::VERDICT_GOLD_UNPARSEABLE};
  if (literal_.has_value()) {
    if (const std::optional<Literal> literal = ReadLiteral(answer)) return SameLiterals(*literal_, *literal);
  }
  // The same both ways round.
  const Context context{options_.policy, key_ ^ KeyOf(options_.secret, answer), fuel, options_.secret};
  if (ast_.Is(ast_.root, Kind::kSymbol)) {
    if (const std::optional<Comparison> choice = CompareChoice(answer, fuel)) return *choice;
  }
  const Parsed found = Parse(answer, kMaxAnswerBytes, kUsual, fuel);
  if (fuel.exhausted()) return {v1::VERDICT_TIMEOUT};
  if (!found.error.empty()) return {v1::VERDICT_PRED_UNPARSEABLE};
  const Decision decision = CompareReading(found, context);
  if (decision.equality == Equality::kEqual || !found.ambiguous) return FromDecision(decision, fuel);
  const Parsed other = Parse(answer, kMaxAnswerBytes, kOther, fuel);
  if (!other.error.empty() || fuel.exhausted()) return FromDecision(decision, fuel);
  const Decision second = CompareReading(other, context);
  return FromDecision(second.equality == Equality::kEqual ? second : decision, fuel);
}

Comparison Compare(std::string_view gold, std::string_view answer, const CompareOptions& options, Fuel& fuel) {
  if (ValueDecides(options.policy)) {
    const std::optional<Literal> expected = ReadLiteral(gold), found = expected.has_value() ? ReadLiteral(answer) : std::nullopt;
    if (found.has_value()) return SameLiterals(*expected, *found);
  }
  return Gold(gold, options, fuel.left()).Compare(answer, fuel);
}

Comparison Compare(std::string_view gold, std::string_view answer, Fuel& fuel) { return Compare(gold, answer, CompareOptions(), fuel); }

std::string GoldError(std::string_view gold, Fuel& fuel) {
  const Gold read(gold, CompareOptions(), fuel.left());
  fuel.Spend(read.cost());
  return read.error();
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

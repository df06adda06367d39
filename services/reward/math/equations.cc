#include "services/reward/math/equations.h"

#include <algorithm>

#include "services/reward/math/canonical.h"
#include "services/reward/math/cells.h"
#include "services/reward/math/decisions.h"
#include "services/reward/math/polynomial.h"
#include "services/reward/math/random.h"
#include "services/reward/math/rational_functions.h"
#include "services/reward/math/structure.h"
#include "services/reward/math/typed.h"

namespace cohort::reward::math {
namespace {

constexpr int kWantedPoints = 5;
constexpr int kLeastPoints = 3;
constexpr int kMaxAttempts = 24;
constexpr slong kPrecision = 256;
constexpr int64_t kRatioBits = 100;

// The sides so that the relation reads "left - right is zero / positive / at least zero".
struct Oriented {
  View left;
  View right;
  Relation relation;
};

Oriented Orient(View view) {
  const Relation relation = view.ast.relation(view.id, 0);
  if (relation == Relation::kLess) return {view.kid(1), view.kid(0), Relation::kGreater};
  if (relation == Relation::kLessEqual) return {view.kid(1), view.kid(0), Relation::kGreaterEqual};
  return {view.kid(0), view.kid(1), relation};
}

// left - right as one tree.
Ast Residual(const Oriented& sides) {
  Ast ast;
  const NodeId left = ast.Copy(sides.left.ast, sides.left.id), right = ast.Copy(sides.right.ast, sides.right.id);
  const NodeId negated = ast.Add(Kind::kNegate, {right});
  ast.root = ast.Add(Kind::kAdd, {left, negated});
  return ast;
}

// The ratio of two residuals at random points: equal up to a factor, and, where wanted, the sign of that factor.
struct RatioResult {
  Equality equality = Equality::kUnknown;
  int sign = 0;
};

RatioResult CompareRatio(View a, View b, bool sign_matters, const Context& context) {
  const Equality proportional = CompareProportional(a, b, context);
  if (proportional == Equality::kDifferent || (proportional == Equality::kEqual && !sign_matters)) return {proportional, 0};
  const std::vector<std::string> names = VariablesOfBoth(a, b);
  Random random(context.key ^ 0x726174696Fu);
  std::optional<Enclosure> first;
  int agreements = 0;
  RatioResult result;
  for (int attempt = 0; attempt < kMaxAttempts && agreements < kWantedPoints; ++attempt) {
    Point point;
    for (const std::string& name : names) {
      const int64_t above = static_cast<int64_t>(1 + random.Below(5000)) * (attempt % 3 == 2 ? -1 : 1);
      point.emplace_back(name, Enclosure(Rational(above, 97 + random.Below(900))));
    }
    Enclosure x, y;
    if (Evaluate(a.ast, a.id, point, kPrecision, context.fuel, x) != Evaluated::kOk || Evaluate(b.ast, b.id, point, kPrecision, context.fuel, y) != Evaluated::kOk) {
      if (context.fuel.exhausted()) return {};
      continue;
    }
    if (!x.real || !y.real) continue;
    Enclosure ratio;
    if (x.exact && y.exact) {
      if (y.rational.is_zero() != x.rational.is_zero()) return {Equality::kDifferent, 0};
      if (y.rational.is_zero()) continue;
      ratio.SetExact(x.rational / y.rational);
    } else {
      if (acb_contains_zero(y.Ball(kPrecision))) continue;
      acb_div(ratio.Write(), x.Ball(kPrecision), y.Ball(kPrecision), kPrecision);
    }
    if (!first.has_value()) {
      first = ratio;
      if (acb_contains_zero(ratio.Ball(kPrecision))) return {};
      result.sign = arb_is_positive(acb_realref(ratio.Ball(kPrecision))) ? 1 : -1;
      continue;
    }
    if (ratio.exact && first->exact) {
      if (!(ratio.rational == first->rational)) return {Equality::kDifferent, 0};
      ++agreements;
      continue;
    }
    acb_t difference;
    acb_init(difference);
    acb_sub(difference, ratio.Ball(kPrecision), first->Ball(kPrecision), kPrecision);
    mag_t bound;
    mag_init(bound);
    acb_get_mag(bound, difference);
    const bool apart = !acb_contains_zero(difference), near = mag_cmp_2exp_si(bound, -kRatioBits) < 0;
    mag_clear(bound);
    acb_clear(difference);
    if (apart) return {Equality::kDifferent, 0};
    agreements += near ? 1 : 0;
  }
  if (agreements >= kLeastPoints) result.equality = Equality::kEqual;
  return result;
}

// The residual times its denominators, each once: y - 1/x becomes xy - 1. nullopt when no variable stands in a denominator.
std::optional<Ast> Cleared(View residual, const Context& context) {
  std::vector<std::string> known;
  Ast ast;
  NodeId product = ast.Copy(residual.ast, residual.id);
  for (NodeId id = residual.node().begin; id <= residual.id; ++id) {
    if (!residual.ast.Is(id, Kind::kDivide)) continue;
    const View denominator(residual.ast, residual.ast.kid(id, 1));
    if (Variables(denominator).empty()) continue;
    std::string text = Canonical(denominator.ast, denominator.id, context.fuel).Text();
    if (std::find(known.begin(), known.end(), text) != known.end()) continue;
    known.push_back(std::move(text));
    const NodeId copy = ast.Copy(denominator.ast, denominator.id);
    product = ast.Add(Kind::kMultiply, {product, copy});
  }
  if (known.empty()) return std::nullopt;
  ast.root = product;
  return ast;
}

bool SameWithoutDenominators(View a, View b, const Context& context) {
  const std::optional<Ast> x = Cleared(a, context), y = Cleared(b, context);
  if (!x.has_value() && !y.has_value()) return false;
  const View left = x.has_value() ? View(*x, x->root) : a, right = y.has_value() ? View(*y, y->root) : b;
  return CompareRatio(left, right, /*sign_matters=*/false, context).equality == Equality::kEqual;
}

// Equations of one variable: the same real roots.
std::optional<Decision> CompareRoots(View a, View b, const Context& context) {
  const std::vector<std::string> names = VariablesOfBoth(a, b);
  if (names.size() != 1 || Variables(a).empty() || Variables(b).empty()) return std::nullopt;
  const std::optional<Fraction> x = AsFraction(a, names[0], 0, context.fuel), y = AsFraction(b, names[0], 0, context.fuel);
  const bool absolute = a.ast.Contains(a.id, Kind::kFunction) || b.ast.Contains(b.id, Kind::kFunction);
  if (!x.has_value() || !y.has_value() || absolute) return std::nullopt;
  if (x->denominator.degree() > 0 || y->denominator.degree() > 0) return std::nullopt;
  if (SameRoots(x->numerator, y->numerator)) return Decision{Equality::kEqual, v1::METHOD_EXACT, "the same roots"};
  const auto roots_a = RealRoots(x->numerator, kEndPointPrecision, context.fuel), roots_b = RealRoots(y->numerator, kEndPointPrecision, context.fuel);
  if (!roots_a.has_value() || !roots_b.has_value()) return std::nullopt;
  bool same = roots_a->size() == roots_b->size() && !roots_a->empty();
  for (size_t i = 0; same && i < roots_a->size(); ++i) same = CompareReals((*roots_a)[i], (*roots_b)[i]) == std::optional<int>(0);
  return Decision{same ? Equality::kEqual : Equality::kDifferent, v1::METHOD_BALL, same ? "the same real roots" : "different roots"};
}

// Names of functions that two definitions give values: f(x) = … and g(x) = … differ.
bool DefinesOtherName(View a, View b) {
  const auto x = AsAssignment(a), y = AsAssignment(b);
  if (!x.has_value() || !y.has_value()) return false;
  if (x->name.kind() == Kind::kSymbol || y->name.kind() == Kind::kSymbol) return false;
  return Variables(x->name) != Variables(y->name);
}

// f(x): the function and what it is taken of.
struct FunctionName {
  std::string function;
  std::string argument;
  bool inverse = false;
};
std::optional<FunctionName> AsFunctionName(View name) {
  if (name.kind() != Kind::kMultiply || name.kid(1).kind() != Kind::kSymbol) return std::nullopt;
  const bool inverse = name.kid(0).kind() == Kind::kPower && IsName(name);  // f^{-1}(x)
  const View letter = inverse ? name.kid(0).kid(0) : name.kid(0);
  if (letter.kind() != Kind::kSymbol) return std::nullopt;
  FunctionName found{letter.ast.name(letter.id), name.ast.name(name.kid(1).id), inverse};
  const bool variable = found.argument[0] >= 'a' && found.argument[0] <= 'z';  // Not f(A), ∠A.
  return found.function.size() == 1 && variable ? std::optional<FunctionName>(std::move(found)) : std::nullopt;
}

// f(x) = x² and f(t) = t², or y = x²: the name of the variable does not matter. nullopt when that is not what stands there.
std::optional<Decision> CompareDefinitions(const Assignment& a, const Assignment& b, const Context& context) {
  const auto f = AsFunctionName(a.name), g = AsFunctionName(b.name);
  if (f.has_value() && g.has_value()) {
    if (f->function != g->function || f->inverse != g->inverse || f->argument == g->argument || DependsOn(b.value, f->argument)) return std::nullopt;
    const Ast renamed = Renamed(b.value, g->argument, f->argument);
    return CompareAnswers(a.value, {renamed, renamed.root}, context);
  }
  if (!f.has_value() && !g.has_value()) return std::nullopt;
  const Assignment& plain = f.has_value() ? b : a;
  // f = 0 is f(x) = 0.
  if (!(f.has_value() ? f : g)->inverse && plain.name.kind() == Kind::kSymbol && plain.name.ast.name(plain.name.id) == (f.has_value() ? f : g)->function && Variables(a.value).empty() && Variables(b.value).empty()) {
    return CompareAnswers(a.value, b.value, context);
  }
  if (plain.name.kind() != Kind::kSymbol || plain.name.ast.name(plain.name.id) != "y" || DependsOn(a.value, "y") || DependsOn(b.value, "y")) return std::nullopt;
  return CompareAnswers(a.value, b.value, context);
}

bool SameForm(View a, View b, const Context& context) {
  const Form x = Canonical(a.ast, a.id, context.fuel), y = Canonical(b.ast, b.id, context.fuel);
  return !x.undefined && !y.undefined && !context.fuel.exhausted() && x == y;
}

bool IsComparable(Relation relation) { return relation == Relation::kEqual || relation == Relation::kNotEqual || relation == Relation::kGreater || relation == Relation::kGreaterEqual; }

// Whether both are the same chain, or with `mirrored` the same read from the other end.
bool SameRelations(View a, View b, bool mirrored) {
  for (size_t i = 0; i + 1 < a.size(); ++i) {
    if (a.ast.relation(a.id, i) != (mirrored ? Mirrored(b.ast.relation(b.id, b.size() - 2 - i)) : b.ast.relation(b.id, i))) return false;
  }
  return true;
}

// Whether it has a sign < or > or their weak forms, which alone say which end is which.
bool HasDirection(View view) {
  for (size_t i = 0; i + 1 < view.size(); ++i) {
    if (Mirrored(view.ast.relation(view.id, i)) != view.ast.relation(view.id, i)) return true;
  }
  return false;
}

// (x-1)/2 = y/3 = z/4: equations between three terms or more of which none is a number, whose order says nothing.
bool IsSymmetricChain(View view) {
  for (size_t i = 0; i < view.size(); ++i) {
    if ((i > 0 && view.ast.relation(view.id, i - 1) != Relation::kEqual) || Variables(view.kid(i)).empty()) return false;
  }
  return view.size() > 2;
}

// Whether every term of one has its own in the other.
bool SameTerms(View a, View b, const Context& context) {
  std::vector<bool> taken(b.size(), false);
  for (size_t i = 0; i < a.size(); ++i) {
    size_t k = 0;
    while (k < b.size() && (taken[k] || CompareScalars(a.kid(i), b.kid(k), context).equality != Equality::kEqual)) ++k;
    if (k == b.size()) return false;
    taken[k] = true;
  }
  return true;
}

Decision CompareSides(View a, View b, const Context& context) {
  if (a.size() != b.size()) return Other("chains of different length");
  const bool mirrored = !SameRelations(a, b, false) && HasDirection(a) && SameRelations(a, b, true);
  if (!mirrored && !SameRelations(a, b, false)) return Other("different relations");
  if (IsSymmetricChain(a) && IsSymmetricChain(b)) return SameTerms(a, b, context) ? Same("the same equal terms") : Other("different terms");
  for (size_t i = 0; i < a.size(); ++i) {
    const Decision part = CompareAnswers(a.kid(i), b.kid(mirrored ? b.size() - 1 - i : i), context);
    if (part.equality != Equality::kEqual) return part;
  }
  return {Equality::kEqual, v1::METHOD_STRUCTURAL, "side by side"};
}

// Whether the last decimal is `exact`, rounded to the digits shown.
bool AgreesToDigitsShown(View exact, View shown, const Context& context) {
  const View number = shown.kind() == Kind::kNegate ? shown.kid(0) : shown;
  const bool digits = number.kind() == Kind::kNumber && (number.node().flag == kWrittenAsDecimal || number.ast.number(number.id).is_integer());  // 2 1/3 shows none.
  if (!digits) return CompareScalars(exact, shown, context).equality == Equality::kEqual;
  Enclosure x, y;
  if (Evaluate(exact.ast, exact.id, {}, kPrecision, context.fuel, x) != Evaluated::kOk || Evaluate(shown.ast, shown.id, {}, kPrecision, context.fuel, y) != Evaluated::kOk) return false;
  const Rational half = Rational(1) / (Rational(2) * Rational::PowerOfTen(number.node().flag == kWrittenAsDecimal ? number.node().extra : 0));
  const std::optional<int> above = CompareReals(x, Enclosure(y.rational + half)), below = CompareReals(x, Enclosure(y.rational - half));
  return y.exact && x.real && above.has_value() && below.has_value() && *above <= 0 && *below >= 0;
}

}  // namespace

Decision CompareRelations(View a, View b, const Context& context) {
  if (a.size() != 2 || b.size() != 2) return CompareSides(a, b, context);
  const Oriented x = Orient(a), y = Orient(b);
  if (x.relation != y.relation) return Other("different relations");
  if (!IsComparable(x.relation)) return CompareSides(a, b, context);
  const auto named_a = AsAssignment(a), named_b = AsAssignment(b);
  if (named_a.has_value() && named_b.has_value() && CompareAnswers(named_a->name, named_b->name, context).equality == Equality::kEqual) {
    return CompareAnswers(named_a->value, named_b->value, context);
  }
  if (named_a.has_value() && named_b.has_value()) {
    if (const auto definitions = CompareDefinitions(*named_a, *named_b, context)) return *definitions;
  }
  if (x.relation == Relation::kEqual && SameForm(a.kid(0), b.kid(1), context) && SameForm(a.kid(1), b.kid(0), context)) {
    return {Equality::kEqual, v1::METHOD_STRUCTURAL, "the same sides"};
  }
  if (DefinesOtherName(a, b)) return Other("different functions");
  const Ast left = Residual(x), right = Residual(y);
  const View residual_a{left, left.root}, residual_b{right, right.root};
  if (Variables(residual_a) .empty() != Variables(residual_b).empty()) return Other("different variables");
  const bool equation = x.relation == Relation::kEqual || x.relation == Relation::kNotEqual;
  const RatioResult ratio = CompareRatio(residual_a, residual_b, !equation, context);
  if (ratio.equality == Equality::kEqual && (equation || ratio.sign > 0)) return {Equality::kEqual, v1::METHOD_BALL, "the same relation up to a factor"};
  if (ratio.equality == Equality::kEqual) return {Equality::kDifferent, v1::METHOD_BALL, "the opposite inequality"};
  if (equation && SameWithoutDenominators(residual_a, residual_b, context)) return {Equality::kEqual, v1::METHOD_BALL, "the same equation without denominators"};
  if (equation) {
    if (const std::optional<Decision> roots = CompareRoots(residual_a, residual_b, context)) return *roots;
  }
  const Decision sides = CompareSides(a, b, context);
  if (sides.equality == Equality::kEqual) return sides;
  if (ratio.equality == Equality::kDifferent) return {Equality::kDifferent, v1::METHOD_BALL, "different relations"};
  return {Equality::kUnknown, v1::METHOD_UNSPECIFIED, "the relations could not be compared"};
}

Chain ResolveChain(View view, const Context& context) {
  Chain chain;
  chain.root = view.id;
  if (view.kind() != Kind::kRelation) return chain;
  size_t count = view.size();
  bool approximate = view.ast.relation(view.id, count - 2) == Relation::kApprox;
  if (approximate && count == 2 && IsName(view.kid(0)) && !Variables(view.kid(0)).empty()) approximate = false;
  if (approximate) {
    chain.holds = Variables(view.kid(count - 2)).empty() && AgreesToDigitsShown(view.kid(count - 2), view.kid(count - 1), context);
    --count;
  }
  bool equalities = true;
  for (size_t i = 0; i + 1 < count; ++i) equalities = equalities && view.ast.relation(view.id, i) == Relation::kEqual;
  const bool named = count >= 2 && equalities && IsName(view.kid(0));
  const size_t first_value = named ? 1 : 0;
  bool closed = equalities;
  for (size_t i = first_value; i < count; ++i) closed = closed && Variables(view.kid(i)).empty();
  const NodeId last = view.kid(count - 1).id;
  if (count == 1) {
    chain.root = last;
    return chain;
  }
  // An identity such as (x + 1)² = x² + 2x + 1 is a chain as well; an equation is not.
  const bool chainable = equalities && (closed || count - first_value > 1);
  if (chainable && (count - first_value > 1 || closed)) {
    bool all_equal = true;
    for (size_t i = first_value; i + 1 < count; ++i) all_equal = all_equal && CompareAnswers(view.kid(i), view.kid(i + 1), context).equality == Equality::kEqual;
    if (all_equal || closed) {
      chain.holds = chain.holds && all_equal;
      if (!named) {
        chain.root = last;
      } else if (view.size() > 2) {
        Ast& made = chain.made.emplace();
        const NodeId name = made.Copy(view.ast, view.kid(0).id), value = made.Copy(view.ast, last);
        chain.root = made.AddEquation(name, value);
      }
    }
  }
  return chain;
}

}  // namespace cohort::reward::math

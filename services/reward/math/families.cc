#include "services/reward/math/families.h"

#include <algorithm>
#include <string>
#include <vector>

#include "services/reward/math/named_values.h"
#include "services/reward/math/structure.h"
#include "services/reward/math/typed.h"

namespace cohort::reward::math {
namespace {

constexpr slong kPrecision = 128;
constexpr int64_t kMaxShift = 1'000'000;  // Of the number of the family.
constexpr int64_t kMaxTriedShift = 2;    // Of values that are no progressions.

// A condition "k ∈ ℤ".
bool IsMembership(const Ast& ast, NodeId id) {
  return ast.Is(id, Kind::kRelation) && ast.node(id).kid_count == 2 && ast.relation(id, 0) == Relation::kIn && ast.Is(ast.kid(id, 0), Kind::kSymbol) &&
         ast.Is(ast.kid(id, 1), Kind::kNumberSet);
}

struct Family {
  std::string parameter;
  std::string set;          // "Z", "N", ….
  std::vector<Ast> values;  // Each depends on the parameter.
  std::string name;         // Of what has the values; "" without one.
};

// "kπ (k ∈ ℤ)" reads like a product with the condition; without it. nullopt when that is not what stands there.
std::optional<Ast> WithoutTrailingCondition(View view, NodeId* condition) {
  Ast out;
  std::vector<NodeId> moved(view.id - view.node().begin + 1);
  int found = 0;
  for (NodeId id = view.node().begin; id <= view.id; ++id) {
    NodeId& copy = moved[id - view.node().begin];
    if (view.ast.Is(id, Kind::kMultiply) && IsMembership(view.ast, view.ast.kid(id, 1))) {
      *condition = view.ast.kid(id, 1);
      copy = moved[view.ast.kid(id, 0) - view.node().begin];
      for (NodeId part = view.ast.node(*condition).begin; part <= *condition; ++part) out.Drop(moved[part - view.node().begin]);
      ++found;
      continue;
    }
    std::vector<NodeId> children;
    for (size_t i = 0; i < view.ast.node(id).kid_count; ++i) children.push_back(moved[view.ast.kid(id, i) - view.node().begin]);
    copy = out.CopyNode(view.ast, id, children);
  }
  out.root = moved.back();
  return found == 1 ? std::optional<Ast>(std::move(out)) : std::nullopt;
}

// x, f(x): the letters of a name in their order; "" for other names.
std::string NameText(View name) {
  if (name.kind() == Kind::kSymbol) return name.ast.name(name.id);
  if (name.kind() == Kind::kTuple) {  // (x, y)
    std::string names = "(";
    for (size_t i = 0; i < name.size(); ++i) {
      if (name.kid(i).kind() != Kind::kSymbol) return "";
      names += name.ast.name(name.kid(i).id) + ",";
    }
    return names + ")";
  }
  if (name.kind() != Kind::kMultiply || name.kid(0).kind() != Kind::kSymbol || name.kid(1).kind() != Kind::kSymbol) return "";
  return name.ast.name(name.kid(0).id) + "(" + name.ast.name(name.kid(1).id) + ")";
}

// Adds a value; false when it cannot be one of the family.
bool AddValue(View view, Family& family) {
  if (view.kind() == Kind::kRelation && view.size() == 2 && view.ast.relation(view.id, 0) == Relation::kEqual) {
    const auto assignment = AsAssignment(view);
    const View named = assignment.has_value() ? assignment->name : view.kid(0);
    const std::string name = NameText(named);
    if (name.empty() || (named.kind() == Kind::kTuple && IsOutOfOrder(named)) || DependsOn(named, family.parameter) || (!family.name.empty() && family.name != name)) return false;
    family.name = name;
    view = assignment.has_value() ? assignment->value : view.kid(1);
  }
  const bool interval = view.kind() == Kind::kTuple || view.kind() == Kind::kUnion;
  if ((view.kind() > Kind::kBar && !interval) || !DependsOn(view, family.parameter)) return false;
  for (Ast& value : ExpandPlusMinus(view)) family.values.push_back(std::move(value));
  return true;
}

void SetCondition(const Ast& ast, NodeId condition, Family& family) {
  family.parameter = ast.name(ast.kid(condition, 0));
  family.set = ast.name(ast.kid(condition, 1));
}

// x ≡ 3 (mod 5): x = 3 + 5k for all whole k.
std::optional<Family> FamilyOfResidues(View view) {
  const View relation = view.kid(0), modulus = view.kid(1);
  const bool usual = relation.kind() == Kind::kRelation && relation.size() == 2 && relation.kid(0).kind() == Kind::kSymbol && relation.ast.relation(relation.id, 0) == Relation::kEquivalent;
  if (!usual || !Variables(modulus).empty() || DependsOn(relation.kid(1), relation.ast.name(relation.kid(0).id))) return std::nullopt;
  Family family;
  family.set = "Z";
  family.parameter = "#k";
  family.name = relation.ast.name(relation.kid(0).id);
  for (const Ast& start : ExpandPlusMinus(relation.kid(1))) {
    Ast value;
    const NodeId step = value.Copy(modulus.ast, modulus.id), number = value.AddNamed(Kind::kSymbol, family.parameter);
    const NodeId product = value.Add(Kind::kMultiply, {step, number}), first = value.Copy(start, start.root);
    value.root = value.Add(Kind::kAdd, {product, first});
    family.values.push_back(std::move(value));
  }
  return family;
}

std::optional<Family> AsFamily(View view);

// "x = 2k or x = 3k, k ∈ ℤ": the condition behind the last choice counts for all of them, as does the same one behind each.
std::optional<Family> AsFamilyOfChoices(View view) {
  std::optional<Family> family = AsFamily(view.kid(view.size() - 1));
  if (!family.has_value()) return std::nullopt;
  for (size_t i = 0; i + 1 < view.size(); ++i) {
    const View choice = view.kid(i);
    if (choice.kind() != Kind::kList) {
      if (!AddValue(choice, *family)) return std::nullopt;
      continue;
    }
    std::optional<Family> other = AsFamily(choice);
    if (!other.has_value() || other->parameter != family->parameter || other->set != family->set || other->name != family->name) return std::nullopt;
    for (Ast& value : other->values) family->values.push_back(std::move(value));
  }
  return family;
}

std::optional<Family> AsFamily(View view) {
  Family family;
  if (view.kind() == Kind::kSetBuilder) {
    if (view.kid(0).kind() == Kind::kSymbol && view.kid(1).kind() == Kind::kList) {  // {x | x = 2k, k ∈ ℤ}
      std::optional<Family> named = AsFamily(view.kid(1));
      if (!named.has_value() || named->name != view.ast.name(view.kid(0).id)) return std::nullopt;
      named->name.clear();
      return named;
    }
    if (!IsMembership(view.ast, view.kid(1).id)) return std::nullopt;
    SetCondition(view.ast, view.kid(1).id, family);
    return AddValue(view.kid(0), family) ? std::optional<Family>(std::move(family)) : std::nullopt;
  }
  if (view.kind() == Kind::kRelation && view.size() == 2 && view.ast.relation(view.id, 0) == Relation::kIn && view.kid(1).kind() == Kind::kSetBuilder) {  // x ∈ {2k | k ∈ ℤ}
    std::optional<Family> named = AsFamily(view.kid(1));
    if (!named.has_value() || NameText(view.kid(0)).empty()) return std::nullopt;
    named->name = NameText(view.kid(0));
    return named;
  }
  if (view.kind() == Kind::kList && view.node().flag == kJoinedByOr && view.kid(view.size() - 1).kind() == Kind::kList) return AsFamilyOfChoices(view);
  if (view.kind() == Kind::kList) {
    int conditions = 0;
    for (size_t i = 0; i < view.size(); ++i) {
      if (!IsMembership(view.ast, view.kid(i).id)) continue;
      SetCondition(view.ast, view.kid(i).id, family);
      ++conditions;
    }
    if (conditions != 1 || view.node().flag == kJoinedByOr) return std::nullopt;
    for (size_t i = 0; i < view.size(); ++i) {
      const View member = view.kid(i);
      if (IsMembership(view.ast, member.id)) continue;
      if (member.kind() == Kind::kList) {
        for (size_t k = 0; k < member.size(); ++k) {
          if (!AddValue(member.kid(k), family)) return std::nullopt;
        }
      } else if (!AddValue(member, family)) {
        return std::nullopt;
      }
    }
    return family.values.empty() ? std::nullopt : std::optional<Family>(std::move(family));
  }
  NodeId condition = 0;
  if (!view.ast.Contains(view.id, Kind::kNumberSet)) return std::nullopt;
  const std::optional<Ast> value = WithoutTrailingCondition(view, &condition);
  if (!value.has_value()) return std::nullopt;
  SetCondition(view.ast, condition, family);
  return AddValue({*value, value->root}, family) ? std::optional<Family>(std::move(family)) : std::nullopt;
}

// An expression that leaves out what its letter runs over.
std::optional<Family> WithoutCondition(View view, const Family& like) {
  if (like.set != "Z" && like.set != "R") return std::nullopt;
  Family family;
  family.parameter = like.parameter;
  family.set = like.set;
  const bool list = view.kind() == Kind::kList;
  for (size_t i = 0; i < (list ? view.size() : 1); ++i) {
    if (!AddValue(list ? view.kid(i) : view, family)) return std::nullopt;
  }
  // The k of f(x) = kx need not be whole.
  const bool function = std::any_of(family.values.begin(), family.values.end(), [](const Ast& value) { return Variables({value, value.root}).size() > 1; });
  return function && family.set == "Z" ? std::nullopt : std::optional<Family>(std::move(family));
}

// a·k + b, when that is what a value is.
struct Progression {
  Ast step;
  Ast start;
};
std::optional<Progression> AsProgression(const Ast& value, const std::string& parameter, const Context& context) {
  const View view(value, value.root);
  const auto at = [&](int64_t number) { return Substituted(view, parameter, [number](Ast& out) { return out.AddNumber(number); }); };
  Progression progression{at(1), at(0)};
  Ast& step = progression.step;
  const NodeId first = step.root, start = step.Copy(progression.start, progression.start.root);
  const NodeId negated = step.Add(Kind::kNegate, {start});
  step.root = step.Add(Kind::kAdd, {first, negated});
  Ast line;
  const NodeId slope = line.Copy(step, step.root), symbol = line.AddNamed(Kind::kSymbol, parameter);
  const NodeId product = line.Add(Kind::kMultiply, {slope, symbol}), offset = line.Copy(progression.start, progression.start.root);
  line.root = line.Add(Kind::kAdd, {product, offset});
  if (CompareScalars(view, {line, line.root}, context).equality != Equality::kEqual) return std::nullopt;
  return progression;
}

// Whether both run through the same values over all whole numbers.
Equality CompareProgressions(const Progression& a, const Progression& b, const Context& context) {
  const View step(a.step, a.step.root);
  Ast negated;
  const NodeId other = negated.Copy(b.step, b.step.root);
  negated.root = negated.Add(Kind::kNegate, {other});
  const bool same = CompareScalars(step, {b.step, b.step.root}, context).equality == Equality::kEqual ||
                    CompareScalars(step, {negated, negated.root}, context).equality == Equality::kEqual;
  if (!same) return Equality::kDifferent;
  Ast shift;
  const NodeId from = shift.Copy(a.start, a.start.root), to = shift.Copy(b.start, b.start.root);
  const NodeId minus = shift.Add(Kind::kNegate, {from});
  const NodeId distance = shift.Add(Kind::kAdd, {to, minus});
  Ast quotient = shift;
  const NodeId divisor = quotient.Copy(a.step, a.step.root);
  quotient.root = quotient.Add(Kind::kDivide, {distance, divisor});
  Enclosure value;
  if (!Variables({quotient, quotient.root}).empty() || Evaluate(quotient, quotient.root, {}, kPrecision, context.fuel, value) != Evaluated::kOk) return Equality::kUnknown;
  Rational middle;
  arf_get_fmpq(middle.get(), arb_midref(acb_realref(value.Ball(kPrecision))));
  const Rational nearest = (middle + Rational(1, 2)).Floor();
  if (Compare(nearest.Abs(), Rational(kMaxShift)) > 0) return Equality::kUnknown;
  const Ast whole = [&nearest] {
    Ast ast;
    ast.root = ast.AddNumber(nearest);
    return ast;
  }();
  return CompareScalars({quotient, quotient.root}, {whole, whole.root}, context).equality;
}

// Whether b at n is a at ±n + c for a small whole c, as n² is (n + 1)², and (n, 2n) is (n - 1, 2n - 2).
bool EqualAfterShift(const Ast& a, const Ast& b, const Family& family, const Context& context) {
  for (const int64_t sign : {1, -1}) {
    for (int64_t shift = -kMaxTriedShift; shift <= kMaxTriedShift; ++shift) {
      const Ast moved = Substituted({b, b.root}, family.parameter, [&](Ast& out) {
        const NodeId factor = out.AddNumber(sign), number = out.AddNamed(Kind::kSymbol, family.parameter);
        const NodeId product = out.Add(Kind::kMultiply, {factor, number}), start = out.AddNumber(shift);
        return out.Add(Kind::kAdd, {product, start});
      });
      if (!context.fuel.Spend(100)) return false;
      if (CompareAnswers({a, a.root}, {moved, moved.root}, context).equality == Equality::kEqual) return true;
    }
  }
  return false;
}

Equality CompareValues(const Ast& a, const Ast& b, const Family& family, const Context& context) {
  const Decision direct = CompareAnswers({a, a.root}, {b, b.root}, context);
  if (direct.equality == Equality::kEqual) return direct.equality;
  if (family.set != "Z") return Equality::kUnknown;
  if (EqualAfterShift(a, b, family, context)) return Equality::kEqual;
  const std::optional<Progression> x = AsProgression(a, family.parameter, context), y = AsProgression(b, family.parameter, context);
  if (!x.has_value() || !y.has_value()) return Equality::kUnknown;
  return CompareProgressions(*x, *y, context);
}

Decision CompareBoth(const Family& a, Family b, const Context& context) {
  const Decision unknown{Equality::kUnknown, v1::METHOD_UNSPECIFIED, "the families could not be compared"};
  if (a.set != b.set) return {Equality::kDifferent, v1::METHOD_STRUCTURAL, "the numbers are of different kinds"};
  if (!a.name.empty() && !b.name.empty() && a.name != b.name) return {Equality::kDifferent, v1::METHOD_STRUCTURAL, "different names"};
  for (Ast& value : b.values) {
    if (a.parameter == b.parameter) break;
    if (DependsOn({value, value.root}, a.parameter)) return unknown;
    value = Renamed({value, value.root}, b.parameter, a.parameter);
  }
  if (a.values.size() != b.values.size()) return unknown;
  std::vector<bool> taken(b.values.size(), false);
  bool undecided = false;
  for (const Ast& value : a.values) {
    bool found = false;
    for (size_t i = 0; i < b.values.size() && !found; ++i) {
      if (taken[i]) continue;
      const Equality equality = CompareValues(value, b.values[i], a, context);
      undecided = undecided || equality == Equality::kUnknown;
      found = taken[i] = equality == Equality::kEqual;
    }
    if (!found) return undecided || a.values.size() > 1 ? unknown : Decision{Equality::kDifferent, v1::METHOD_BALL, "different values for all whole numbers"};
  }
  return {Equality::kEqual, v1::METHOD_BALL, "the same values for all numbers of the kind"};
}

}  // namespace

std::optional<Decision> CompareFamilies(View a, View b, const Context& context) {
  std::optional<Family> x = AsFamily(a), y = AsFamily(b);
  if (!x.has_value() && !y.has_value()) return std::nullopt;
  // Residues are numbers of the form, where the other side says that its letter is a whole number.
  if (!x.has_value() && a.kind() == Kind::kCongruence) x = FamilyOfResidues(a);
  if (!y.has_value() && b.kind() == Kind::kCongruence) y = FamilyOfResidues(b);
  if (!x.has_value()) x = WithoutCondition(a, *y);
  if (!y.has_value()) y = WithoutCondition(b, *x);
  if (!x.has_value() || !y.has_value()) return std::nullopt;
  return CompareBoth(*x, *std::move(y), context);
}

}  // namespace cohort::reward::math

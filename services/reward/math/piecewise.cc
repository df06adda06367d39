#include "services/reward/math/piecewise.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/reward/math/decisions.h"
#include "services/reward/math/intervals.h"
#include "services/reward/math/sign_changes.h"
#include "services/reward/math/typed.h"

namespace cohort::reward::math {
namespace {

constexpr size_t kMaxPieces = 40;  // Values and conditions of both sides.

bool IsOtherwise(View view) { return view.kind() == Kind::kText && view.ast.name(view.id) == "otherwise"; }

// "otherwise": where no other case holds. The condition of each case as a set of real numbers; nullopt when one is none.
std::optional<std::vector<RealSet>> ConditionsOf(View cases, const Context& context) {
  std::vector<RealSet> sets;
  Cells rest = Cells::All();
  for (size_t i = 0; i + 1 < cases.size(); i += 2) {
    const View condition = cases.kid(i + 1);
    std::optional<RealSet> set = IsOtherwise(condition) ? RealSet{rest, ""} : AsRealSet(condition, context);
    std::optional<Cells> left = set.has_value() ? Combine(rest, set->cells, SetOperation::kDifference) : std::nullopt;
    if (!left.has_value()) return std::nullopt;
    rest = *std::move(left);
    sets.push_back(*std::move(set));
  }
  return sets;
}

// Whether the conditions of both sides speak of one variable.
bool OneVariable(const std::vector<RealSet>& a, const std::vector<RealSet>& b) {
  std::string name;
  for (const auto* sets : {&a, &b}) {
    for (const RealSet& set : *sets) {
      if (set.variable.empty()) continue;
      if (!name.empty() && name != set.variable) return false;
      name = set.variable;
    }
  }
  return true;
}

// n ≡ 0 or 1 modulo 2: the residue.
std::optional<int64_t> ParityOf(View view) {
  if (view.kind() != Kind::kCongruence || view.kid(0).kind() != Kind::kRelation || view.kid(0).size() != 2) return std::nullopt;
  const View residue = view.kid(0).kid(1), modulus = view.kid(1);
  if (residue.kind() != Kind::kNumber || modulus.kind() != Kind::kNumber || !(modulus.ast.number(modulus.id) == Rational(2))) return std::nullopt;
  const Rational& value = residue.ast.number(residue.id);
  return value.is_zero() ? std::optional<int64_t>(0) : value.is_one() ? std::optional<int64_t>(1) : std::nullopt;
}

// Two cases of which one is that a number is odd, or even, and the other the rest: with that written out.
std::optional<Ast> WithParityWritten(View cases) {
  if (cases.size() != 4 || IsOtherwise(cases.kid(1)) || !IsOtherwise(cases.kid(3))) return std::nullopt;
  const View condition = cases.kid(1);
  const std::optional<int64_t> residue = ParityOf(condition);
  if (!residue.has_value()) return std::nullopt;
  Ast out;
  const NodeId first = out.Copy(cases.ast, cases.kid(0).id), when = out.Copy(cases.ast, condition.id), second = out.Copy(cases.ast, cases.kid(2).id);
  const NodeId name = out.Copy(cases.ast, condition.kid(0).kid(0).id), other = out.AddNumber(1 - *residue);
  const NodeId relation = out.AddEquation(name, other);
  out.relations.back() = condition.ast.relation(condition.kid(0).id, 0);
  const NodeId two = out.AddNumber(2), rest = out.Add(Kind::kCongruence, {relation, two});
  out.root = out.Add(Kind::kCases, {first, when, second, rest});
  return out;
}

// Case by case, where one side says "otherwise" and the other does not.
std::optional<Decision> CompareCasesByConditions(View a, View b, const Context& context) {
  const auto says_otherwise = [](View view) { return view.ast.Contains(view.id, Kind::kText); };
  if (says_otherwise(a) == says_otherwise(b) || a.size() != b.size()) return std::nullopt;
  const auto x = ConditionsOf(a, context), y = ConditionsOf(b, context);
  if (!x.has_value() || !y.has_value() || !OneVariable(*x, *y)) return std::nullopt;
  std::vector<bool> taken(y->size(), false);
  for (size_t i = 0; i < x->size(); ++i) {
    bool found = false;
    for (size_t j = 0; j < y->size() && !found; ++j) {
      if (taken[j] || SameSet((*x)[i].cells, (*y)[j].cells) != std::optional<bool>(true)) continue;
      if (CompareAnswers(a.kid(2 * i), b.kid(2 * j), context).equality != Equality::kEqual) continue;
      found = taken[j] = true;
    }
    if (!found) return Other("a case has no partner");
  }
  return Same("case by case");
}

// A formula and where it holds.
struct Piece {
  View value;
  RealSet where;
};

// The pieces of a piecewise function; of a formula itself, everywhere.
std::optional<std::vector<Piece>> PiecesOf(View view, const Context& context) {
  std::vector<Piece> pieces;
  if (view.kind() != Kind::kCases) {
    pieces.push_back({view, {Cells::All(), ""}});
    return pieces;
  }
  std::optional<std::vector<RealSet>> sets = ConditionsOf(view, context);
  for (size_t i = 0; sets.has_value() && i < sets->size(); ++i) pieces.push_back({view.kid(2 * i), std::move((*sets)[i])});
  return sets.has_value() ? std::optional(std::move(pieces)) : std::nullopt;
}

// The only variable of both; empty where they have none or several.
std::string VariableOf(View a, View b) {
  const std::vector<std::string> names = VariablesOfBoth(a, b);
  return names.size() == 1 ? names[0] : "";
}

std::optional<Cells> DomainOf(const std::vector<Piece>& pieces) {
  std::optional<Cells> all = Cells();
  for (size_t i = 0; all.has_value() && i < pieces.size(); ++i) all = Combine(*all, pieces[i].where.cells, SetOperation::kUnion);
  return all;
}

}  // namespace

std::optional<Decision> CompareAsFunctions(View a, View b, const Context& context) {
  const std::string variable = VariableOf(a, b);
  if (variable.empty() || a.size() + b.size() > kMaxPieces) return std::nullopt;
  const auto x = PiecesOf(a, context), y = PiecesOf(b, context);
  if (!x.has_value() || !y.has_value()) return std::nullopt;
  const std::optional<Cells> domain_a = DomainOf(*x), domain_b = DomainOf(*y);
  if (!domain_a.has_value() || !domain_b.has_value() || SameSet(*domain_a, *domain_b) != std::optional<bool>(true)) return std::nullopt;
  for (const Piece& left : *x) {
    for (const Piece& right : *y) {
      if (!context.fuel.Spend(1000)) return std::nullopt;
      const std::optional<Cells> both = Combine(left.where.cells, right.where.cells, SetOperation::kIntersection);
      if (!both.has_value()) return std::nullopt;
      if (both->IsEmpty()) continue;
      const std::optional<bool> agree = AgreeOn(*both, left.value, right.value, variable, context);
      if (!agree.has_value()) return std::nullopt;
      if (!*agree) return Decision{Equality::kDifferent, v1::METHOD_EXACT, "they differ on a piece"};
    }
  }
  return Decision{Equality::kEqual, v1::METHOD_EXACT, "the same function piece by piece"};
}

Decision CompareCases(View a, View b, const Context& context) {
  if (const std::optional<Ast> written = WithParityWritten(a)) return CompareCases({*written, written->root}, b, context);
  if (const std::optional<Ast> written = WithParityWritten(b)) return CompareCases(a, {*written, written->root}, context);
  if (a.size() != b.size()) return Other("different numbers of cases");
  if (const auto cases = CompareCasesByConditions(a, b, context)) return *cases;
  // A case is a pair; disjoint cases may stand in any order.
  std::vector<bool> taken(b.size() / 2, false);
  for (size_t i = 0; i + 1 < a.size(); i += 2) {
    bool found = false;
    for (size_t j = 0; j + 1 < b.size() && !found; j += 2) {
      if (taken[j / 2] || CompareAnswers(a.kid(i + 1), b.kid(j + 1), context).equality != Equality::kEqual) continue;
      if (CompareAnswers(a.kid(i), b.kid(j), context).equality != Equality::kEqual) continue;
      found = taken[j / 2] = true;
    }
    if (!found) return Other("a case has no partner");
  }
  return Same("case by case");
}

}  // namespace cohort::reward::math

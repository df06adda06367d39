#include "services/reward/math/piecewise.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/reward/math/decisions.h"
#include "services/reward/math/intervals.h"
#include "services/reward/math/typed.h"

namespace cohort::reward::math {
namespace {

// "otherwise": where no other case holds. The condition of each case as a set of real numbers; nullopt when one is none.
std::optional<std::vector<RealSet>> ConditionsOf(View cases, const Context& context) {
  std::vector<RealSet> sets;
  Cells rest = Cells::All();
  for (size_t i = 0; i + 1 < cases.size(); i += 2) {
    const View condition = cases.kid(i + 1);
    const bool otherwise = condition.kind() == Kind::kText && condition.ast.name(condition.id) == "otherwise";
    std::optional<RealSet> set = otherwise ? RealSet{rest, ""} : AsRealSet(condition, context);
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

}  // namespace

Decision CompareCases(View a, View b, const Context& context) {
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

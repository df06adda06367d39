#include "services/reward/math/intervals.h"

#include <algorithm>

#include "services/reward/math/canonical.h"
#include "services/reward/math/limits.h"
#include "services/reward/math/peeling.h"
#include "services/reward/math/radical_norms.h"
#include "services/reward/math/sign_changes.h"
#include "services/reward/math/structure.h"

namespace cohort::reward::math {
namespace {

constexpr int64_t kMaxListedIntegers = 1000;
constexpr slong kMaxEndPointBits = 4096;  // Of the size of an end point and of its inverse.
constexpr int kMaxSetNesting = 100;       // The reader is recursive.
constexpr int kMaxPeels = 12;             // Functions and constants around the variable of an inequality.
constexpr int kMaxPeelBranches = 3;       // Of those the ones that have a domain: each doubles the work.

bool IsOrder(Relation relation) {
  return relation == Relation::kLess || relation == Relation::kLessEqual || relation == Relation::kGreater || relation == Relation::kGreaterEqual;
}

int InfinitySign(View view) {
  if (view.kind() == Kind::kInfinity) return 1;
  return view.kind() == Kind::kNegate && view.kid(0).kind() == Kind::kInfinity ? -1 : 0;
}

std::optional<Enclosure> RealValue(View view, const Context& context) {
  Enclosure value;
  if (!Variables(view).empty() || Evaluate(view.ast, view.id, {}, kEndPointPrecision, context.fuel, value) != Evaluated::kOk) return std::nullopt;
  if (value.exact) return value;
  acb_srcptr ball = value.Ball(kEndPointPrecision);
  const bool usable = arb_is_zero(acb_imagref(ball)) && arf_cmpabs_2exp_si(arb_midref(acb_realref(ball)), kMaxEndPointBits) < 0 &&
                      (arf_is_zero(arb_midref(acb_realref(ball))) || arf_cmpabs_2exp_si(arb_midref(acb_realref(ball)), -kMaxEndPointBits) > 0);
  if (!usable) return std::nullopt;
  return value;
}

bool HasOrder(View view) {
  for (NodeId id = view.node().begin; id <= view.id; ++id) {
    if (!view.ast.Is(id, Kind::kRelation)) continue;
    for (size_t i = 0; i + 1 < view.ast.node(id).kid_count; ++i) {
      const Relation relation = view.ast.relation(id, i);
      if (relation != Relation::kEqual && relation != Relation::kApprox) return true;
    }
  }
  return false;
}

class Reader {
 public:
  explicit Reader(const Context& context) : context_(context) {}

  std::optional<RealSet> Read(View view) {
    if (!context_.fuel.Spend(200) || nesting_ >= kMaxSetNesting) return std::nullopt;
    ++nesting_;
    std::optional<RealSet> set = ReadKind(view);
    --nesting_;
    return set;
  }

 private:
  std::optional<RealSet> ReadKind(View view) {
    switch (view.kind()) {
      case Kind::kTuple: return Interval(view);
      case Kind::kSet: return Points(view);
      case Kind::kEmptySet: return RealSet{};
      case Kind::kNumberSet: return PartOfReals(view.ast.name(view.id));
      case Kind::kUnion: return Combined(Read(view.kid(0)), Read(view.kid(1)), SetOperation::kUnion);
      case Kind::kIntersection: return Combined(Read(view.kid(0)), Read(view.kid(1)), SetOperation::kIntersection);
      case Kind::kDifference: return Combined(Read(view.kid(0)), Read(view.kid(1)), SetOperation::kDifference);
      case Kind::kRelation: return Chain(view);
      case Kind::kList: return Conditions(view);
      case Kind::kSetBuilder: return Builder(view);
      default: return std::nullopt;
    }
  }

  // ℝ, ℝ^+, ℝ^-, ℝ^*: zero belongs to none of the last three.
  static std::optional<RealSet> PartOfReals(const std::string& name) {
    if (name[0] != 'R') return std::nullopt;
    RealSet set{Cells::All(), ""};
    if (name.size() == 1) return set;
    set.cells.points.emplace_back(Rational(0));
    set.cells.point_inside = {false};
    set.cells.gap_inside = {name[1] != '+', name[1] != '-'};
    return set;
  }

  std::optional<RealSet> Combined(std::optional<RealSet> a, std::optional<RealSet> b, SetOperation operation) {
    if (!a.has_value() || !b.has_value()) return std::nullopt;
    if (!a->variable.empty() && !b->variable.empty() && a->variable != b->variable) return std::nullopt;
    std::optional<Cells> cells = Combine(a->cells, b->cells, operation);
    if (!cells.has_value()) return std::nullopt;
    return RealSet{std::move(*cells), a->variable.empty() ? b->variable : a->variable};
  }

  std::optional<RealSet> Interval(View view) {
    if (view.size() != 2) return std::nullopt;
    const Brackets brackets = view.ast.brackets(view.id);
    if (brackets.open == '<' || brackets.open == '{') return std::nullopt;
    RealSet set;
    const int low_infinite = InfinitySign(view.kid(0)), high_infinite = InfinitySign(view.kid(1));
    if (low_infinite > 0 || high_infinite < 0) return std::nullopt;
    if ((low_infinite != 0 && brackets.open == '[') || (high_infinite != 0 && brackets.close == ']')) return std::nullopt;
    std::optional<Enclosure> low, high;
    if (low_infinite == 0 && !(low = RealValue(view.kid(0), context_)).has_value()) return std::nullopt;
    if (high_infinite == 0 && !(high = RealValue(view.kid(1), context_)).has_value()) return std::nullopt;
    if (low.has_value() && high.has_value()) {
      const std::optional<int> order = CompareReals(*low, *high);
      if (!order.has_value() || *order > 0 || (*order == 0 && (brackets.open != '[' || brackets.close != ']'))) return std::nullopt;
      if (*order == 0) return RealSet{Cells::Of(std::move(*low)), ""};
    }
    Cells& cells = set.cells;
    cells.gap_inside = {low_infinite != 0};
    if (low.has_value()) {
      cells.points.push_back(std::move(*low));
      cells.point_inside.push_back(brackets.open == '[');
      cells.gap_inside.push_back(true);
    }
    if (high.has_value()) {
      cells.points.push_back(std::move(*high));
      cells.point_inside.push_back(brackets.close == ']');
      cells.gap_inside.push_back(false);
    }
    return set;
  }

  std::optional<RealSet> Points(View view) {
    RealSet set;
    for (size_t i = 0; i < view.size(); ++i) {
      const View member = view.kid(i);
      std::vector<Ast> values = ExpandPlusMinus(member);
      for (const Ast& value : values) {
        std::optional<Enclosure> point = RealValue({value, value.root}, context_);
        if (!point.has_value()) return std::nullopt;
        std::optional<Cells> grown = Combine(set.cells, Cells::Of(std::move(*point)), SetOperation::kUnion);
        if (!grown.has_value()) return std::nullopt;
        set.cells = std::move(*grown);
      }
    }
    return set;
  }

  std::optional<RealSet> Chain(View view) {
    std::optional<RealSet> all;
    for (size_t i = 0; i + 1 < view.size(); ++i) {
      std::optional<RealSet> link = Link(view.kid(i), view.ast.relation(view.id, i), view.kid(i + 1));
      all = i == 0 ? std::move(link) : Combined(std::move(all), std::move(link), SetOperation::kIntersection);
      if (!all.has_value()) return std::nullopt;
    }
    return all;
  }

  std::optional<RealSet> Link(View a, Relation relation, View b) {
    if (relation == Relation::kIn || relation == Relation::kNotIn) {
      if (a.kind() != Kind::kSymbol) return std::nullopt;
      std::optional<RealSet> set = Read(b);
      if (!set.has_value() || !set->variable.empty()) return std::nullopt;
      if (relation == Relation::kNotIn) set = Combined(RealSet{Cells::All(), ""}, std::move(set), SetOperation::kDifference);
      if (set.has_value()) set->variable = a.ast.name(a.id);
      return set;
    }
    if (!IsOrder(relation) && relation != Relation::kEqual && relation != Relation::kNotEqual) return std::nullopt;
    if (InfinitySign(a) != 0 || InfinitySign(b) != 0) return Unbounded(a, relation, b);
    // x = ±2
    if (relation == Relation::kEqual && b.ast.Contains(b.id, Kind::kPlusMinus)) {
      std::optional<RealSet> all = RealSet{};
      for (const Ast& value : ExpandPlusMinus(b)) all = Combined(std::move(all), Solve(a, relation, {value, value.root}), SetOperation::kUnion);
      return all;
    }
    if (relation == Relation::kNotEqual && b.ast.Contains(b.id, Kind::kPlusMinus)) {  // x ≠ ±2
      std::optional<RealSet> all = RealSet{Cells::All(), ""};
      for (const Ast& value : ExpandPlusMinus(b)) all = Combined(std::move(all), Solve(a, relation, {value, value.root}), SetOperation::kIntersection);
      return all;
    }
    return Solve(a, relation, b);
  }

  // x < ∞ and -∞ < x hold for every x; other relations with ∞ are no statements about real numbers.
  std::optional<RealSet> Unbounded(View a, Relation relation, View b) {
    const View bound = InfinitySign(a) != 0 ? a : b, variable = InfinitySign(a) != 0 ? b : a;
    const Relation seen = InfinitySign(a) != 0 ? Mirrored(relation) : relation;
    const bool always = seen == (InfinitySign(bound) > 0 ? Relation::kLess : Relation::kGreater);
    if (!always || variable.kind() != Kind::kSymbol) return std::nullopt;
    return RealSet{Cells::All(), variable.ast.name(variable.id)};
  }

  // Where a - b is negative, zero or positive: constant between the roots of numerators and denominators.
  std::optional<RealSet> Solve(View a, Relation relation, View b) {
    std::vector<std::string> names = Variables(a);
    for (std::string& name : Variables(b)) names.push_back(std::move(name));
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    if (names.size() != 1) return std::nullopt;
    // x = x and x ≠ x + 1 say nothing about x.
    const Form form_a = Canonical(a.ast, a.id, context_.fuel), form_b = Canonical(b.ast, b.id, context_.fuel);
    if (form_a == form_b || DifferByConstant(form_a, form_b)) return std::nullopt;
    const std::string& variable = names[0];
    std::optional<CriticalPoints> points = FindCriticalPoints(a, b, variable, context_);
    if (!points.has_value()) {
      if (std::optional<RealSet> peeled = ReadPeeled(a, relation, b, variable)) return peeled;
      points = FindRadicalCriticalPoints(a, b, variable, context_);
      if (!points.has_value()) return std::nullopt;
    }
    std::optional<Cells> cells = CellsWhere(a, relation, b, variable, *std::move(points), context_);
    return cells.has_value() ? std::optional<RealSet>({*std::move(cells), variable}) : std::nullopt;
  }

  // √(x-1) > 2, ln x < 0: without the function. Its conditions are smaller than it, so that this ends.
  std::optional<RealSet> ReadPeeled(View a, Relation relation, View b, const std::string& variable) {
    const std::optional<Peeled> peeled = Peel(a, relation, b, variable, context_);
    if (!peeled.has_value()) return std::nullopt;
    if (peeled->never) return RealSet{Cells(), variable};
    const int branches = peeled->conditions.size() > 1 ? 1 : 0;
    if (peels_ >= kMaxPeels || branches_ + branches > kMaxPeelBranches) return std::nullopt;
    ++peels_;
    branches_ += branches;
    std::optional<RealSet> all = RealSet{Cells::All(), variable};
    for (const Ast& condition : peeled->conditions) {
      if (all.has_value()) all = Combined(std::move(all), Read({condition, condition.root}), SetOperation::kIntersection);
    }
    branches_ -= branches;
    --peels_;
    return all;
  }

  // "x > 1 and x < 2", "x < 1 or x > 2". A comma is an "and", unless nothing is left then; so is an "and" between solutions: "x = 1 and x = 2".
  std::optional<RealSet> Conditions(View view) {
    std::optional<RealSet> all, any;
    std::optional<std::string> whole_numbers;  // The name that stands for some.
    for (size_t i = 0; i < view.size(); ++i) {
      const View member = view.kid(i);
      const bool interval = view.node().flag == kJoinedByOr && (member.kind() == Kind::kTuple || member.kind() == Kind::kUnion);  // (0, 1) or (2, 3)
      if (member.kind() != Kind::kRelation && member.kind() != Kind::kList && !interval) return std::nullopt;
      if (IsWholeNumberCondition(member)) {
        if (view.node().flag == kJoinedByOr || member.kid(0).kind() != Kind::kSymbol) return std::nullopt;
        whole_numbers = member.ast.name(member.kid(0).id);
        continue;
      }
      std::optional<RealSet> set = Read(member);
      if (!set.has_value()) return std::nullopt;
      const std::optional<RealSet> copy = set;
      any = any.has_value() ? Combined(std::move(any), copy, SetOperation::kUnion) : copy;
      all = all.has_value() ? Combined(std::move(all), std::move(set), SetOperation::kIntersection) : std::move(set);
      if (!all.has_value() || !any.has_value()) return std::nullopt;
    }
    if (!all.has_value()) return std::nullopt;
    const bool joined_by_or = view.node().flag == kJoinedByOr, joined_by_and = view.node().flag == kJoinedByAnd && HasOrder(view);
    const bool nothing = std::find(all->cells.point_inside.begin(), all->cells.point_inside.end(), true) == all->cells.point_inside.end() &&
                         std::find(all->cells.gap_inside.begin(), all->cells.gap_inside.end(), true) == all->cells.gap_inside.end();
    std::optional<RealSet> chosen = joined_by_or || (nothing && !joined_by_and) ? any : all;
    if (!whole_numbers.has_value()) return chosen;
    return chosen.has_value() && chosen->variable == *whole_numbers ? WholeNumbers(std::move(chosen)) : std::nullopt;  // "x = 3, k ∈ ℤ" says nothing about x.
  }

  static bool IsWholeNumberCondition(View view) {
    return view.kind() == Kind::kRelation && view.size() == 2 && view.ast.relation(view.id, 0) == Relation::kIn && view.kid(1).kind() == Kind::kNumberSet &&
           view.ast.name(view.kid(1).id) == "Z";
  }

  std::optional<RealSet> Builder(View view) {
    const View what = view.kid(0);
    const bool typed = what.kind() == Kind::kRelation && what.size() == 2 && what.ast.relation(what.id, 0) == Relation::kIn;
    const View symbol = typed ? what.kid(0) : what;
    if (symbol.kind() != Kind::kSymbol) return std::nullopt;
    std::optional<RealSet> set = Read(view.kid(1));
    if (!set.has_value() || set->variable != symbol.ast.name(symbol.id)) return std::nullopt;
    set->variable.clear();
    if (!typed) return set;
    if (IsWholeNumberCondition(what)) return WholeNumbers(std::move(set));
    return Combined(Read(what.kid(1)), std::move(set), SetOperation::kIntersection);
  }

  // The whole numbers in a bounded set.
  std::optional<RealSet> WholeNumbers(std::optional<RealSet> set) {
    if (!set.has_value() || set->cells.gap_inside.front() || set->cells.gap_inside.back()) return std::nullopt;
    RealSet whole;
    whole.variable = set->variable;
    if (set->cells.points.empty()) return whole;
    const Rational low = Between(nullptr, &set->cells.points.front()), high = Between(&set->cells.points.back(), nullptr);
    if (!low.FitsInt64() || !high.FitsInt64() || high.ToInt64() - low.ToInt64() > kMaxListedIntegers) return std::nullopt;
    for (int64_t n = low.ToInt64(); n <= high.ToInt64(); ++n) {
      if (!context_.fuel.Spend(200)) return std::nullopt;
      whole.cells.points.emplace_back(Rational(n));
      whole.cells.point_inside.push_back(true);
      whole.cells.gap_inside.push_back(false);
    }
    return Combined(std::move(set), std::move(whole), SetOperation::kIntersection);
  }

  const Context& context_;
  int nesting_ = 0;
  int peels_ = 0;
  int branches_ = 0;
};

bool IsCondition(View view) {
  if (view.kind() == Kind::kRelation) return true;
  if (view.kind() != Kind::kList) return false;
  for (size_t i = 0; i < view.size(); ++i) {
    if (!IsCondition(view.kid(i))) return false;
  }
  return true;
}

// Whether the text can be nothing but a set of reals.
bool IsSurelySet(View view) {
  switch (view.kind()) {
    case Kind::kUnion: case Kind::kIntersection: case Kind::kDifference: case Kind::kSetBuilder: case Kind::kNumberSet: return true;
    case Kind::kTuple: {
      const Brackets brackets = view.ast.brackets(view.id);
      return view.size() == 2 && (brackets.open == '[') != (brackets.close == ']') ? true : view.size() == 2 && (InfinitySign(view.kid(0)) != 0 || InfinitySign(view.kid(1)) != 0);
    }
    case Kind::kRelation: return HasOrder(view);
    case Kind::kList: return IsCondition(view) && HasOrder(view);
    default: return false;
  }
}

// Equations in one variable that differ in kind: "x² = 4" and "x = 2 or x = -2".
bool IsSolvedEquation(View view) { return IsCondition(view) && (view.kind() == Kind::kList || view.ast.Contains(view.id, Kind::kPlusMinus)); }

}  // namespace

std::optional<RealSet> AsRealSet(View view, const Context& context) { return Reader(context).Read(view); }

std::optional<Decision> CompareSets(View a, View b, const Context& context) {
  const bool equations = (IsSolvedEquation(a) && IsCondition(b)) || (IsSolvedEquation(b) && IsCondition(a));
  if (!IsSurelySet(a) && !IsSurelySet(b) && !equations) return std::nullopt;
  const std::optional<RealSet> x = AsRealSet(a, context), y = AsRealSet(b, context);
  if (!x.has_value() || !y.has_value()) return std::nullopt;
  if (!x->variable.empty() && !y->variable.empty() && x->variable != y->variable) return Decision{Equality::kDifferent, v1::METHOD_STRUCTURAL, "different variables"};
  if (x->variable.empty() != y->variable.empty() && !context.policy.interval_is_inequality) return Decision{Equality::kDifferent, v1::METHOD_STRUCTURAL, "an inequality is no interval"};
  const std::optional<bool> same = SameSet(x->cells, y->cells);
  if (!same.has_value()) return Decision{Equality::kUnknown, v1::METHOD_UNSPECIFIED, "end points could not be told apart"};
  const auto exact = [](const RealSet& set) { return std::all_of(set.cells.points.begin(), set.cells.points.end(), [](const Enclosure& point) { return point.exact; }); };
  return Decision{*same ? Equality::kEqual : Equality::kDifferent, exact(*x) && exact(*y) ? v1::METHOD_EXACT : v1::METHOD_BALL, *same ? "the same set of real numbers" : "different sets of real numbers"};
}

}  // namespace cohort::reward::math

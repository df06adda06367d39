#include "services/reward/math/sign_changes.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "services/reward/math/polynomial.h"

namespace cohort::reward::math {
namespace {

constexpr uint32_t kMaxAbsolutes = 3;

bool RootsAndPoles(View a, View b, const std::string& variable, const Context& context, CriticalPoints& points) {
  Ast difference;
  const NodeId left = difference.Copy(a.ast, a.id), right = difference.Copy(b.ast, b.id);
  const NodeId negated = difference.Add(Kind::kNegate, {right});
  const NodeId whole = difference.Add(Kind::kAdd, {left, negated});
  uint32_t absolutes = 0;
  for (NodeId id = 0; id <= whole; ++id) absolutes += difference.Is(id, Kind::kFunction) && difference.function(id) == Function::kAbs ? 1 : 0;
  if (absolutes > kMaxAbsolutes) return false;
  for (uint32_t signs = 0; signs < (1u << absolutes); ++signs) {
    const std::optional<Fraction> fraction = AsFraction({difference, whole}, variable, signs, context.fuel);
    if (!fraction.has_value()) return false;
    auto zeros = RealRoots(fraction->numerator, kEndPointPrecision, context.fuel), infinities = RealRoots(fraction->denominator, kEndPointPrecision, context.fuel);
    if (!zeros.has_value() || !infinities.has_value()) return false;
    std::move(zeros->begin(), zeros->end(), std::back_inserter(points.roots));
    std::move(infinities->begin(), infinities->end(), std::back_inserter(points.poles));
  }
  return true;
}

std::optional<Enclosure> DifferenceAt(View a, View b, const std::string& variable, const Rational& at, const Context& context) {
  const Point point = {{variable, Enclosure(at)}};
  Enclosure x, y, difference;
  if (Evaluate(a.ast, a.id, point, kEndPointPrecision, context.fuel, x) != Evaluated::kOk) return std::nullopt;
  if (Evaluate(b.ast, b.id, point, kEndPointPrecision, context.fuel, y) != Evaluated::kOk) return std::nullopt;
  acb_sub(difference.Write(), x.Ball(kEndPointPrecision), y.Ball(kEndPointPrecision), kEndPointPrecision);
  return difference;
}

// The degree in `variable` as the tree is written; 2 for everything that is not linear.
int Degree(View view, const std::string& variable) {
  std::vector<int> degrees(view.id - view.node().begin + 1);
  for (NodeId id = view.node().begin; id <= view.id; ++id) {
    const auto& node = view.ast.node(id);
    const auto of = [&](size_t i) { return degrees[view.ast.kid(id, i) - view.node().begin]; };
    int degree = 0;
    if (node.kind == Kind::kSymbol) {
      degree = view.ast.name(id) == variable ? 1 : 2;
    } else if (node.kind == Kind::kMultiply) {
      degree = of(0) + of(1);
    } else if (node.kind == Kind::kAdd || node.kind == Kind::kNegate || (node.kind == Kind::kDivide && of(1) == 0)) {
      for (size_t i = 0; i < node.kid_count; ++i) degree = std::max(degree, of(i));
    } else {
      for (size_t i = 0; i < node.kid_count; ++i) degree = of(i) > 0 ? 2 : degree;
    }
    degrees[id - view.node().begin] = std::min(degree, 2);
  }
  return degrees.back();
}

// 2x < √3: the root of a linear function with any constants.
bool LinearRoot(View a, View b, const std::string& variable, const Context& context, std::vector<Enclosure>& roots) {
  if (context.fuel.exhausted() || Degree(a, variable) > 1 || Degree(b, variable) > 1) return false;
  std::optional<Enclosure> at_zero = DifferenceAt(a, b, variable, Rational(0), context), at_one = DifferenceAt(a, b, variable, Rational(1), context);
  if (!at_zero.has_value() || !at_one.has_value()) return false;
  acb_t slope;
  acb_init(slope);
  acb_sub(slope, at_zero->Ball(kEndPointPrecision), at_one->Ball(kEndPointPrecision), kEndPointPrecision);
  const bool usable = !acb_contains_zero(slope);
  roots.clear();
  roots.emplace_back();
  if (usable) acb_div(roots.back().Write(), at_zero->Ball(kEndPointPrecision), slope, kEndPointPrecision);
  const bool real = usable && arb_is_zero(acb_imagref(roots.back().Ball(kEndPointPrecision)));
  acb_clear(slope);
  return real;
}

// The sign of a - b at a point; nullopt when it could not be told. `defined` becomes false where one of them is no real number.
std::optional<int> SignAt(View a, View b, const std::string& variable, Enclosure at, const Context& context, bool& defined) {
  const Point point = {{variable, std::move(at)}};
  Enclosure x, y;
  if (Evaluate(a.ast, a.id, point, kEndPointPrecision, context.fuel, x) != Evaluated::kOk) return std::nullopt;
  if (Evaluate(b.ast, b.id, point, kEndPointPrecision, context.fuel, y) != Evaluated::kOk) return std::nullopt;
  defined = x.real && y.real;
  return defined ? CompareReals(x, y) : 0;
}

bool Holds(Relation relation, int sign) {
  switch (relation) {
    case Relation::kLess: return sign < 0;
    case Relation::kLessEqual: return sign <= 0;
    case Relation::kGreater: return sign > 0;
    case Relation::kGreaterEqual: return sign >= 0;
    case Relation::kEqual: return sign == 0;
    default: return sign != 0;
  }
}

}  // namespace

std::optional<CriticalPoints> FindCriticalPoints(View a, View b, const std::string& variable, const Context& context) {
  CriticalPoints points;
  if (RootsAndPoles(a, b, variable, context, points)) return points;
  points.poles.clear();
  return LinearRoot(a, b, variable, context, points.roots) ? std::optional<CriticalPoints>(std::move(points)) : std::nullopt;
}

std::optional<Cells> CellsWhere(View a, Relation relation, View b, const std::string& variable, CriticalPoints critical, const Context& context, bool* undefined) {
  std::vector<Enclosure> every = std::move(critical.roots);
  every.insert(every.end(), critical.poles.begin(), critical.poles.end());
  std::optional<std::vector<Enclosure>> points = SortedDistinct(std::move(every));
  if (!points.has_value()) return std::nullopt;
  Cells cells;
  cells.points = *points;
  cells.gap_inside.clear();
  for (size_t i = 0; i <= points->size(); ++i) {
    const Rational inside = Between(i > 0 ? &(*points)[i - 1] : nullptr, i < points->size() ? &(*points)[i] : nullptr);
    bool defined = true;
    const std::optional<int> sign = SignAt(a, b, variable, Enclosure(inside), context, defined);
    if (!sign.has_value()) return std::nullopt;
    if (undefined != nullptr && !defined) *undefined = true;
    cells.gap_inside.push_back(defined && Holds(relation, *sign));
  }
  for (const Enclosure& point : *points) {
    const bool pole = std::any_of(critical.poles.begin(), critical.poles.end(), [&point](const Enclosure& other) { return CompareReals(point, other).value_or(0) == 0; });
    bool defined = !pole;
    const std::optional<int> sign = pole ? std::optional<int>(0) : SignAt(a, b, variable, point, context, defined);
    if (!sign.has_value()) return std::nullopt;
    if (undefined != nullptr && !defined && !pole) *undefined = true;
    cells.point_inside.push_back(defined && Holds(relation, *sign));
  }
  return cells;
}

std::optional<bool> AgreeOn(const Cells& where, View a, View b, const std::string& variable, const Context& context) {
  std::optional<CriticalPoints> critical = FindCriticalPoints(a, b, variable, context);
  if (!critical.has_value()) return std::nullopt;
  for (const Enclosure& pole : critical->poles) {
    const std::optional<Cells> inside = Combine(where, Cells::Of(pole), SetOperation::kIntersection);
    if (!inside.has_value() || !inside->IsEmpty()) return std::nullopt;
  }
  bool undefined = false;
  const std::optional<Cells> apart = CellsWhere(a, Relation::kNotEqual, b, variable, *std::move(critical), context, &undefined);
  const std::optional<Cells> left = apart.has_value() && !undefined ? Combine(where, *apart, SetOperation::kIntersection) : std::nullopt;
  return left.has_value() ? std::optional(left->IsEmpty()) : std::nullopt;
}

}  // namespace cohort::reward::math

#include "services/reward/math/vectors.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "services/reward/math/decisions.h"
#include "services/reward/math/structure.h"
#include "services/reward/math/typed.h"

namespace cohort::reward::math {
namespace {

constexpr int kMaxVectorNesting = 50;  // The builder is recursive.

// Members; they lie in the tree that they were made in.
using Vector = std::vector<NodeId>;

bool IsColumn(View view) { return view.kind() == Kind::kMatrix && view.node().payload == 1; }
// (1, 2), but not [1, 2) or [1, 2].
bool IsPoint(View view) { return view.kind() == Kind::kTuple && view.ast.brackets(view.id).open != '[' && view.ast.brackets(view.id).close != ']'; }

// t(3, 4), but not the point P(3, 4) nor f(3, 4).
bool IsScaledPoint(View view) {
  if (view.kind() != Kind::kCall || view.size() < 2 || view.ast.name(view.id).size() != 1) return false;
  const char letter = view.ast.name(view.id)[0];
  return letter >= 'a' && letter <= 'z' && std::string_view("fgh").find(letter) == std::string_view::npos;
}

bool HoldsPoint(View view) {
  for (NodeId id = view.node().begin; id <= view.id; ++id) {
    const View part(view.ast, id);
    if (IsPoint(part) || IsColumn(part) || IsScaledPoint(part)) return true;
  }
  return false;
}

class VectorBuilder {
 public:
  explicit VectorBuilder(Ast& out) : out_(out) {}

  // nullopt for everything that is no vector.
  std::optional<Vector> Build(View view) {
    if (nesting_ >= kMaxVectorNesting) return std::nullopt;
    ++nesting_;
    std::optional<Vector> vector = BuildKind(view);
    --nesting_;
    return vector;
  }

 private:
  std::optional<Vector> BuildKind(View view) {
    if (IsPoint(view) || IsColumn(view)) return Members(view);
    if (IsScaledPoint(view)) {
      Vector members = Members(view);
      for (NodeId& member : members) {
        const NodeId factor = out_.AddNamed(Kind::kSymbol, view.ast.name(view.id));
        member = out_.Add(Kind::kMultiply, {factor, member});
      }
      return members;
    }
    switch (view.kind()) {
      case Kind::kNegate: {
        std::optional<Vector> members = Build(view.kid(0));
        if (members.has_value()) for (NodeId& member : *members) member = out_.Add(Kind::kNegate, {member});
        return members;
      }
      case Kind::kMultiply: case Kind::kDivide: return Scaled(view);
      case Kind::kAdd: return Sum(view);
      default: return std::nullopt;
    }
  }

  Vector Members(View view) {
    Vector members;
    for (size_t i = 0; i < view.size(); ++i) members.push_back(out_.Copy(view.ast, view.kid(i).id));
    return members;
  }

  std::optional<Vector> Scaled(View view) {
    const bool left = HoldsPoint(view.kid(0)), right = HoldsPoint(view.kid(1));
    if (left == right || (right && view.kind() == Kind::kDivide)) return std::nullopt;
    const View factor = view.kid(left ? 1 : 0);
    if (factor.ast.Contains(factor.id, Kind::kMatrix) || factor.ast.Contains(factor.id, Kind::kTuple)) return std::nullopt;
    std::optional<Vector> members = Build(view.kid(left ? 0 : 1));
    if (!members.has_value()) return std::nullopt;
    for (NodeId& member : *members) {
      const NodeId copy = out_.Copy(factor.ast, factor.id);
      member = out_.Add(view.kind(), {member, copy});
    }
    return members;
  }

  std::optional<Vector> Sum(View view) {
    std::optional<Vector> a = Build(view.kid(0)), b = Build(view.kid(1));
    if (!a.has_value() || !b.has_value() || a->size() != b->size()) return std::nullopt;
    for (size_t i = 0; i < a->size(); ++i) (*a)[i] = out_.Add(Kind::kAdd, {(*a)[i], (*b)[i]});
    return a;
  }

  Ast& out_;
  int nesting_ = 0;
};

// Which of the unit vectors i, j and k a node is: 0, 1, 2; -1 for none.
int UnitVectorAt(const Ast& ast, NodeId id) {
  if (ast.Is(id, Kind::kI)) return 0;
  if (!ast.Is(id, Kind::kSymbol)) return -1;
  return ast.name(id) == "j" ? 1 : ast.name(id) == "k" ? 2 : -1;
}

// Whether unit vectors are only added, negated and multiplied by numbers, as in i + 2j, but not in |i| + √(j²).
bool IsSumOfUnitVectors(View view) {
  std::vector<int> degrees(view.id - view.node().begin + 1, 0);
  for (NodeId id = view.node().begin; id <= view.id; ++id) {
    const auto& node = view.ast.node(id);
    const auto of = [&](size_t i) { return degrees[view.ast.kid(id, i) - view.node().begin]; };
    int& degree = degrees[id - view.node().begin];
    degree = UnitVectorAt(view.ast, id) >= 0 ? 1 : 0;
    int largest = 0, sum = 0;
    for (size_t i = 0; i < node.kid_count; ++i) largest = std::max(largest, of(i)), sum += of(i);
    if (largest == 0) continue;
    const bool added = node.kind == Kind::kAdd || node.kind == Kind::kNegate, scaled = node.kind == Kind::kMultiply || (node.kind == Kind::kDivide && of(1) == 0);
    if (!added && !(scaled && sum == 1)) return false;
    degree = 1;
  }
  return degrees.back() == 1;
}

// The expression with the unit vectors i, j and k replaced by numbers.
Ast WithUnitVectors(View view, const int (&values)[3]) {
  Ast renamed;
  std::vector<NodeId> moved(view.id - view.node().begin + 1);
  for (NodeId id = view.node().begin; id <= view.id; ++id) {
    NodeId& copy = moved[id - view.node().begin];
    const int place = UnitVectorAt(view.ast, id);
    if (place >= 0) {
      copy = renamed.AddNumber(values[place]);
      continue;
    }
    std::vector<NodeId> children;
    for (size_t i = 0; i < view.ast.node(id).kid_count; ++i) children.push_back(moved[view.ast.kid(id, i) - view.node().begin]);
    copy = renamed.CopyNode(view.ast, id, children);
  }
  renamed.root = moved.back();
  return renamed;
}

// i + 2j + 3k as a vector of `size` members: what the expression is at each unit vector, if it is linear in them: without a constant, and doubled with its arguments.
std::optional<Vector> FromUnitVectors(View view, size_t size, Ast& out, const Context& context) {
  if (size < 2 || size > 3 || view.kind() > Kind::kPrime || !view.ast.Contains(view.id, Kind::kSymbol) || HoldsPoint(view) || !IsSumOfUnitVectors(view)) return std::nullopt;
  const auto at = [&](int i, int j, int k) { return WithUnitVectors(view, {i, j, k}); };
  const auto equal = [&](const Ast& x, const Ast& y) { return CompareScalars({x, x.root}, {y, y.root}, context).equality == Equality::kEqual; };
  Ast zero, sum;
  zero.root = zero.AddNumber(0);
  const Ast units[] = {at(1, 0, 0), at(0, 1, 0), at(0, 0, 1)};
  Vector members;
  NodeId total = sum.AddNumber(0);
  const int weights[] = {2, 3, 5};
  for (size_t place = 0; place < 3; ++place) {
    if (place >= size && !equal(units[place], zero)) return std::nullopt;
    const NodeId unit = sum.Copy(units[place], units[place].root), weight = sum.AddNumber(weights[place]);
    const NodeId term = sum.Add(Kind::kMultiply, {unit, weight});
    total = sum.Add(Kind::kAdd, {total, term});
    if (place < size) members.push_back(out.Copy(units[place], units[place].root));
  }
  sum.root = total;
  if (!equal(at(0, 0, 0), zero) || !equal(at(weights[0], weights[1], weights[2]), sum)) return std::nullopt;
  return members;
}

std::optional<Vector> VectorOf(View view, View other, Ast& out, const Context& context) {
  const bool calculation = view.kind() == Kind::kAdd || view.kind() == Kind::kMultiply || view.kind() == Kind::kNegate || view.kind() == Kind::kDivide || IsScaledPoint(view);
  if (IsPoint(view) || IsColumn(view) || (calculation && HoldsPoint(view))) return VectorBuilder(out).Build(view);
  return IsPoint(other) || IsColumn(other) ? FromUnitVectors(view, other.size(), out, context) : std::nullopt;
}

}  // namespace

std::optional<Decision> CompareVectors(View a, View b, const Context& context) {
  const auto plain = [](View view) { return IsPoint(view) || view.kind() == Kind::kMatrix; };
  if ((plain(a) && plain(b)) || !context.fuel.Spend(50)) return std::nullopt;
  const auto calculates = [&](View view, View other) { return plain(other) || HoldsPoint(view); };
  if (!calculates(a, b) || !calculates(b, a)) return std::nullopt;
  Ast left, right;
  const std::optional<Vector> x = VectorOf(a, b, left, context), y = VectorOf(b, a, right, context);
  if (!x.has_value() || !y.has_value()) return std::nullopt;
  if (x->size() != y->size()) return Other("different numbers of members");
  Decision all = Same("member by member");
  for (size_t i = 0; i < x->size(); ++i) {
    if (!context.fuel.Spend(static_cast<int64_t>(left.nodes.size() + right.nodes.size()) / 4)) return Unknown("out of fuel");
    Ast first, second;
    const Decision part = CompareAnswers(InOnePiece(left, (*x)[i], first), InOnePiece(right, (*y)[i], second), context);
    if (part.equality != Equality::kEqual) return Decision{part.equality, part.method, "a member differs"};
    all = Combined(all, part);
  }
  return Decision{Equality::kEqual, all.method, "member by member"};
}

}  // namespace cohort::reward::math

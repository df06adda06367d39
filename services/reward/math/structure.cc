#include "services/reward/math/structure.h"

#include <algorithm>
#include <string_view>

namespace cohort::reward::math {
namespace {

// Copies the subtree with its k-th sign ± resolved by bit k of `signs`; with `joined` all signs by bit 0.
Ast Resolved(View view, uint32_t signs, bool joined) {
  Ast out;
  std::vector<NodeId> moved(view.id - view.node().begin + 1);
  uint32_t seen = 0;
  for (NodeId id = view.node().begin; id <= view.id; ++id) {
    const Node& node = view.ast.node(id);
    std::vector<NodeId> children;
    for (size_t i = 0; i < node.kid_count; ++i) children.push_back(moved[view.ast.kid(id, i) - view.node().begin]);
    if (node.kind == Kind::kPlusMinus) {
      const bool plus = (((signs >> (joined ? 0 : seen)) & 1) == 0) == (node.flag == 0);
      ++seen;
      const NodeId last = children.back();
      const NodeId term = plus ? last : out.Add(Kind::kNegate, {last});
      moved[id - view.node().begin] = children.size() == 1 ? term : out.Add(Kind::kAdd, {children[0], term});
      continue;
    }
    moved[id - view.node().begin] = out.CopyNode(view.ast, id, children);
  }
  out.root = moved.back();
  return out;
}

// Whether the nodes from `id` on are the 1, its sign and the power of f^{-1}, inside the subtree `root`.
bool IsInverseAt(const Ast& ast, NodeId id, NodeId root) {
  return id + 2 < root && ast.number(id).is_one() && ast.Is(id + 1, Kind::kNegate) && ast.Is(id + 2, Kind::kPower) && ast.Is(ast.kid(id + 2, 0), Kind::kSymbol);
}

bool IsFunctionLetter(const std::string& name) { return std::string_view("fghFGHPQTSVpq").find(name[0]) != std::string_view::npos; }

}  // namespace

std::vector<Ast> ExpandPlusMinus(View view) {
  uint32_t count = 0;
  bool joined = false;
  for (NodeId id = view.node().begin; id <= view.id; ++id) {
    if (!view.ast.Is(id, Kind::kPlusMinus)) continue;
    ++count;
    joined = joined || view.ast.node(id).flag == 1;
  }
  std::vector<Ast> values;
  const uint32_t bits = joined ? std::min(count, 1u) : count;
  for (uint32_t signs = 0; signs < (1u << bits); ++signs) values.push_back(Resolved(view, signs, joined));
  return values;
}

std::optional<Quantity> WithoutUnits(View view, bool letters) {
  Quantity quantity;
  quantity.ast.root = quantity.ast.Copy(view.ast, view.id);
  Ast& ast = quantity.ast;
  std::vector<Dimension> dimensions(ast.root + 1);
  for (NodeId id = 0; id <= ast.root; ++id) {
    const Node node = ast.node(id);
    const auto of = [&](size_t i) -> const Dimension& { return dimensions[ast.kid(id, i)]; };
    if (node.kind == Kind::kUnit || (letters && node.kind == Kind::kSymbol && FindUnit(ast.name(id)) != nullptr)) {
      const Unit unit = UnitOrThing(ast.name(id));
      quantity.units.push_back(ast.name(id));
      dimensions[id] = unit.dimension;
      ast.nodes[id].kind = Kind::kNumber;
      ast.nodes[id].payload = static_cast<int32_t>(ast.numbers.size());
      ast.numbers.push_back(unit.scale);
      continue;
    }
    switch (node.kind) {
      case Kind::kMultiply: dimensions[id] = Multiplied(of(0), of(1), 1); break;
      case Kind::kDivide: dimensions[id] = Multiplied(of(0), of(1), -1); break;
      case Kind::kNegate: case Kind::kPlusMinus: case Kind::kAdd:
        for (size_t i = 1; i < node.kid_count; ++i) {
          if (of(i) != of(0)) return std::nullopt;
        }
        dimensions[id] = of(0);
        break;
      case Kind::kPower: {
        if (!of(1).empty()) return std::nullopt;
        const NodeId exponent = ast.kid(id, 1);
        const bool negated = ast.Is(exponent, Kind::kNegate);
        const NodeId number = negated ? ast.kid(exponent, 0) : exponent;
        if (of(0).empty()) break;
        if (!ast.Is(number, Kind::kNumber) || !ast.number(number).FitsInt64() || std::abs(ast.number(number).ToInt64()) > 9) return std::nullopt;
        dimensions[id] = Multiplied({}, of(0), static_cast<int>(ast.number(number).ToInt64()) * (negated ? -1 : 1));
        break;
      }
      default:
        for (size_t i = 0; i < node.kid_count; ++i) {
          if (!of(i).empty()) return std::nullopt;
        }
    }
  }
  quantity.dimension = dimensions[ast.root];
  std::sort(quantity.units.begin(), quantity.units.end());
  return quantity;
}

std::optional<Ast> WithoutUnitFactors(View view) {
  Ast ast;
  ast.root = ast.Copy(view.ast, view.id);
  for (NodeId id = 0; id <= ast.root; ++id) {
    if (ast.Is(id, Kind::kAdd) && ast.Contains(ast.kid(id, 0), Kind::kUnit)) return std::nullopt;
  }
  for (NodeId id = 0; id <= ast.root; ++id) {
    if (!ast.Is(id, Kind::kUnit)) continue;
    ast.nodes[id].kind = Kind::kNumber;
    ast.nodes[id].payload = static_cast<int32_t>(ast.numbers.size());
    ast.numbers.emplace_back(1);
  }
  return ast;
}

// The name of a corner, or the vector between two.
bool NamesCorners(View view) {
  if (view.kind() != Kind::kSymbol) return false;
  const std::string& name = view.ast.name(view.id);
  return (name[0] >= 'A' && name[0] <= 'Z') || name.starts_with(kVectorPrefix);
}

// AB: a product of capital letters.
bool IsCapitals(View view) {
  if (view.kind() == Kind::kSymbol) return view.ast.name(view.id).starts_with(kVectorPrefix);
  if (view.kind() != Kind::kMultiply) return false;
  for (NodeId id = view.node().begin; id <= view.id; ++id) {
    const bool capital = NamesCorners({view.ast, id});
    if (!capital && !view.ast.Is(id, Kind::kMultiply)) return false;
  }
  return true;
}

// AB, |AB|, \\overline{AB}
bool IsSegment(View view) {
  if (view.kind() == Kind::kBar) return IsCapitals(view.kid(0));
  if (view.kind() == Kind::kFunction && view.ast.function(view.id) == Function::kAbs) return IsCapitals(view.kid(0));
  return IsCapitals(view);
}

// The ratio of segments, too.
bool IsSegmentName(View view) {
  if (view.kind() != Kind::kRatio && view.kind() != Kind::kDivide) return IsSegment(view);
  for (size_t i = 0; i < view.size(); ++i) {
    const bool letter = view.kind() == Kind::kRatio && view.kid(i).kind() == Kind::kSymbol;  // a:b
    if (!letter && !IsSegment(view.kid(i))) return false;
  }
  return true;
}

View InOnePiece(const Ast& ast, NodeId id, Ast& out) {
  std::vector<NodeId> moved(id + 1, 0);
  std::vector<bool> wanted(id + 1, false);
  wanted[id] = true;
  for (NodeId i = id + 1; i-- > 0;) {
    for (size_t k = 0; wanted[i] && k < ast.node(i).kid_count; ++k) wanted[ast.kid(i, k)] = true;
  }
  for (NodeId i = 0; i <= id; ++i) {
    if (!wanted[i]) continue;
    std::vector<NodeId> children;
    for (size_t k = 0; k < ast.node(i).kid_count; ++k) children.push_back(moved[ast.kid(i, k)]);
    moved[i] = out.CopyNode(ast, i, children);
  }
  out.root = moved[id];
  return {out, out.root};
}

Ast Renamed(View view, const std::string& from, const std::string& to) {
  return Substituted(view, from, [&to](Ast& out) { return out.AddNamed(Kind::kSymbol, to); });
}

bool IsName(View view) {
  if (view.kind() == Kind::kSymbol || view.kind() == Kind::kCall) return true;
  if (view.kind() == Kind::kBar || view.kind() == Kind::kFunction || view.kind() == Kind::kRatio || view.kind() == Kind::kDivide) return IsSegmentName(view);
  if (view.kind() != Kind::kMultiply) return false;
  bool capitals = true;
  size_t letters = 0;
  for (NodeId id = view.node().begin; id <= view.id; ++id) {
    const Kind kind = view.ast.node(id).kind;
    if (kind == Kind::kMultiply) continue;
    if (letters == 1 && kind == Kind::kNumber && IsInverseAt(view.ast, id, view.id)) {  // f^{-1}(x)
      id += 2;
      continue;
    }
    if (kind != Kind::kSymbol && !(kind == Kind::kNumber && letters == 1)) return false;
    capitals = capitals && NamesCorners({view.ast, id});
    ++letters;
  }
  const NodeId first = view.node().begin;
  return capitals || (letters == 2 && view.ast.Is(first, Kind::kSymbol) && IsFunctionLetter(view.ast.name(first)));
}

namespace {

// A(1, 2) = (2, 1) gives a point two places, P(5, 2) = 10 counts wrongly: both sides are values.
bool IsPlace(View left, View right) {
  if (left.kind() != Kind::kCall || !Variables(left).empty()) return false;
  const std::string& name = left.ast.name(left.id);
  const bool capital = name.size() == 1 && name[0] >= 'A' && name[0] <= 'Z';
  return capital && (right.kind() == Kind::kTuple || right.kind() == Kind::kMatrix || right.kind() == Kind::kCall || name == "P" || name == "A" || name == "C");
}

}  // namespace

std::optional<Assignment> AsAssignment(View view) {
  if (view.kind() != Kind::kRelation || view.size() != 2 || view.ast.relation(view.id, 0) != Relation::kEqual) return std::nullopt;
  const View left = view.kid(0);
  if (left.kind() == Kind::kSymbol && view.kid(1).kind() != Kind::kNumber && DependsOn(view.kid(1), left.ast.name(left.id))) return std::nullopt;  // x = 3x + 2 says something about x, not what it is.
  if (left.kind() == Kind::kRatio && view.kid(1).kind() == Kind::kRatio && left.size() != view.kid(1).size()) return std::nullopt;  // a:b:c = 2:3
  if (IsPlace(left, view.kid(1))) return std::nullopt;
  if (IsName(left)) return Assignment{left, view.kid(1)};
  const bool value_first = view.kid(1).kind() == Kind::kSymbol && Variables(view.kid(0)).empty();
  return value_first ? std::optional<Assignment>({view.kid(1), view.kid(0)}) : std::nullopt;
}

}  // namespace cohort::reward::math

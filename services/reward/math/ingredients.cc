#include "services/reward/math/ingredients.h"

#include "services/reward/math/units.h"

namespace cohort::reward::math {
namespace {

bool IsCalculation(Kind kind) { return kind == Kind::kAdd || kind == Kind::kNegate || kind == Kind::kMultiply || kind == Kind::kDivide || kind == Kind::kPower; }

// Whether nothing can be calculated with it. The condition of kπ (k ∈ ℤ) stands like a factor.
bool IsStatement(View view) {
  const bool membership = view.kind() == Kind::kRelation && view.size() == 2 && view.ast.relation(view.id, 0) == Relation::kIn && view.kid(1).kind() == Kind::kNumberSet;
  if (membership) return false;
  switch (view.kind()) {
    case Kind::kText: case Kind::kEllipsis: case Kind::kNumberSet: case Kind::kEmptySet: case Kind::kRelation: case Kind::kList: case Kind::kSet: case Kind::kSetBuilder: case Kind::kUnion: case Kind::kIntersection:
    case Kind::kDifference: case Kind::kCases: case Kind::kCongruence: case Kind::kRatio: case Kind::kTime: case Kind::kDate: return true;
    default: return false;
  }
}

}  // namespace

Ingredients IngredientsOf(View view) {
  Ingredients found;
  for (NodeId id = view.node().begin; id <= view.id; ++id) {
    const auto& node = view.ast.node(id);
    if (node.kind == Kind::kSymbol) {
      const std::string& name = view.ast.name(id);
      found.letters = found.letters || FindUnit(name) != nullptr;
      found.points = found.points || name == "j" || name == "k";
    }
    if (node.kind == Kind::kI || node.kind == Kind::kTuple || node.kind == Kind::kMatrix || node.kind == Kind::kCall) found.points = true;
    if (node.kind == Kind::kUnit) {
      const Unit* unit = FindUnit(view.ast.name(id));
      if (unit == nullptr) found.things = true;
      if (unit != nullptr && !unit->dimension.empty() && !IsMoney(unit->dimension)) found.units = true;
    }
    if (!IsCalculation(node.kind)) continue;
    for (size_t i = 0; i < node.kid_count; ++i) {
      const View part(view.ast, view.ast.kid(id, i));
      found.statements = found.statements || IsStatement(part);
      found.vectors = found.vectors || part.kind() == Kind::kTuple || part.kind() == Kind::kMatrix;
    }
  }
  return found;
}

bool Clash(const Ingredients& a, const Ingredients& b, UnitPolicy policy) {
  if (a.statements != b.statements || (a.vectors && !b.points) || (b.vectors && !a.points)) return true;
  if (policy == UnitPolicy::kStrip) return false;
  const Ingredients& without = a.units ? b : a;
  return a.things != b.things || (a.units != b.units && !without.letters);
}

}  // namespace cohort::reward::math

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/reward/math/ast.h"
#include "services/reward/math/scalar.h"
#include "services/reward/math/units.h"

namespace cohort::reward::math {

// The trees that ± and ∓ in the subtree stand for, in the order of the signs: 1 ± √2 is 1 + √2 and 1 - √2. Signs ± and ∓ that stand together go together;
// without a ∓ every ± is free. The root of each is its `root`.
std::vector<Ast> ExpandPlusMinus(View view);

// An expression without its units: the same tree with every unit replaced by its scale, and what it measures. nullopt when quantities of different kinds are
// added, or a unit stands in an exponent or function. Letters that are names of units count as such when `letters` is set.
struct Quantity {
  Ast ast;
  Dimension dimension;
  std::vector<std::string> units;  // As written, sorted.
};
std::optional<Quantity> WithoutUnits(View view, bool letters);

// The tree with every unit replaced by 1: the number as it was written. nullopt when several units would be lost (5 feet 6 inches).
std::optional<Ast> WithoutUnitFactors(View view);

// The subtree `id` copied to the empty tree `out`, where all of it stands in one piece although other nodes stand among those of `ast`.
View InOnePiece(const Ast& ast, NodeId id, Ast& out);

// The tree with its symbols `name` replaced by the node that `make` adds to the new tree.
template <typename Make>
Ast Substituted(View view, const std::string& name, const Make& make) {
  Ast out;
  std::vector<NodeId> moved(view.id - view.node().begin + 1);
  for (NodeId id = view.node().begin; id <= view.id; ++id) {
    NodeId& copy = moved[id - view.node().begin];
    if (view.ast.Is(id, Kind::kSymbol) && view.ast.name(id) == name) {
      copy = make(out);
      continue;
    }
    std::vector<NodeId> children;
    for (size_t i = 0; i < view.ast.node(id).kid_count; ++i) children.push_back(moved[view.ast.kid(id, i) - view.node().begin]);
    copy = out.CopyNode(view.ast, id, children);
  }
  out.root = moved.back();
  return out;
}
Ast Renamed(View view, const std::string& from, const std::string& to);

// Whether the left side of "name = value" is only a name: x, f(x), AB, a_n.
bool IsName(View view);

// The name and the value of "x = 5"; nullopt for everything else.
struct Assignment {
  View name;
  View value;
};
std::optional<Assignment> AsAssignment(View view);

}  // namespace cohort::reward::math

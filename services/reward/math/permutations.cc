#include "services/reward/math/permutations.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

namespace cohort::reward::math {
namespace {

constexpr int64_t kMostThings = 100;

std::optional<int64_t> SmallNumber(const Ast& ast, NodeId id) {
  if (!ast.Is(id, Kind::kNumber) || !ast.number(id).FitsInt64()) return std::nullopt;
  const int64_t value = ast.number(id).ToInt64();
  return value >= 0 && value <= kMostThings ? std::optional(value) : std::nullopt;
}

// The 5 of A_5 and P_5.
std::optional<int64_t> SmallSubscript(const std::string& name) {
  if (name.size() < 3 || (name[0] != 'A' && name[0] != 'P') || name[1] != '_') return std::nullopt;
  int64_t value = 0;
  const auto read = std::from_chars(name.data() + 2, name.data() + name.size(), value);
  return read.ec == std::errc() && read.ptr == name.data() + name.size() && value <= kMostThings ? std::optional(value) : std::nullopt;
}

// n (n-1) … (n-k+1), where the node stands for it.
std::optional<Rational> Permutations(const Ast& ast, NodeId id) {
  std::optional<int64_t> n, k;
  const bool call = ast.Is(id, Kind::kCall) && ast.node(id).kid_count == 2 && (ast.name(id) == "P" || ast.name(id) == "A");
  if (call) {
    n = SmallNumber(ast, ast.kid(id, 0));
    k = SmallNumber(ast, ast.kid(id, 1));
  } else if (ast.Is(id, Kind::kPower) && ast.Is(ast.kid(id, 0), Kind::kSymbol)) {
    n = SmallSubscript(ast.name(ast.kid(id, 0)));
    k = SmallNumber(ast, ast.kid(id, 1));
  }
  if (!n.has_value() || !k.has_value() || *k > *n) return std::nullopt;
  Rational product = 1;
  for (int64_t i = 0; i < *k; ++i) product = product * Rational(*n - i);
  return product;
}

bool MayHavePermutations(const Ast& ast) {
  return std::any_of(ast.names.begin(), ast.names.end(), [](const std::string& name) { return (name[0] == 'P' || name[0] == 'A') && (name.size() == 1 || SmallSubscript(name).has_value()); });
}

}  // namespace

std::optional<Ast> WithPermutationsCounted(View view) {
  if (!MayHavePermutations(view.ast)) return std::nullopt;
  Ast out;
  std::vector<NodeId> moved(view.id - view.node().begin + 1);
  bool counted = false;
  for (NodeId id = view.node().begin; id <= view.id; ++id) {
    std::vector<NodeId> children;
    for (size_t i = 0; i < view.ast.node(id).kid_count; ++i) children.push_back(moved[view.ast.kid(id, i) - view.node().begin]);
    if (auto number = Permutations(view.ast, id)) {
      for (const NodeId child : children) out.Drop(child);
      moved[id - view.node().begin] = out.AddNumber(*std::move(number));
      counted = true;
      continue;
    }
    if (view.ast.Is(id, Kind::kCall)) return std::nullopt;
    moved[id - view.node().begin] = out.CopyNode(view.ast, id, children);
  }
  out.root = moved.back();
  return counted && Variables({out, out.root}).empty() ? std::optional<Ast>(std::move(out)) : std::nullopt;
}

}  // namespace cohort::reward::math

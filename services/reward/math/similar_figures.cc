#include "services/reward/math/similar_figures.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "services/reward/math/decisions.h"

namespace cohort::reward::math {
namespace {

using Corners = std::vector<std::string>;
using Pairs = std::vector<std::pair<std::string, std::string>>;

// The letters of a product in their order; empty for everything else.
Corners CornersOf(View view) {
  Corners corners;
  for (NodeId id = view.node().begin; id <= view.id; ++id) {
    const Kind kind = view.ast.node(id).kind;
    if (kind == Kind::kSymbol) corners.push_back(view.ast.name(id));
    else if (kind != Kind::kMultiply && kind != Kind::kDropped) return {};
  }
  return corners;
}

// Which corner corresponds to which, sorted; with `turned` read from the other figure.
Pairs Correspondence(View view, bool turned) {
  const Corners left = CornersOf(view.kid(turned ? 1 : 0)), right = CornersOf(view.kid(turned ? 0 : 1));
  Pairs pairs;
  for (size_t i = 0; i < std::min(left.size(), right.size()); ++i) pairs.emplace_back(left[i], right[i]);
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

}  // namespace

bool IsSimilarity(View view) {
  if (view.kind() != Kind::kRelation || view.size() != 2 || view.ast.relation(view.id, 0) != Relation::kSimilar) return false;
  const size_t corners = CornersOf(view.kid(0)).size();
  return corners > 2 && corners == CornersOf(view.kid(1)).size();
}

std::optional<Decision> CompareSimilarities(View a, View b) {
  if (!IsSimilarity(a) || !IsSimilarity(b)) return std::nullopt;
  const Pairs pairs = Correspondence(a, false);
  const bool same = pairs == Correspondence(b, false) || pairs == Correspondence(b, true);
  return same ? Same("the same corners correspond") : Other("other corners correspond");
}

}  // namespace cohort::reward::math

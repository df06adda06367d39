#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/reward/math/ast.h"
#include "services/reward/math/fuel.h"
#include "services/reward/math/rational.h"

namespace cohort::reward::math {

// coefficient · Π atom^exponent, the atoms sorted by their text.
struct Term {
  Rational coefficient;
  std::vector<std::pair<std::string, Rational>> factors;
};

// A sum of terms without like terms, sorted; empty for zero. What is no sum of products (a list, a relation) is a single term with itself as its atom.
struct Form {
  std::vector<Term> terms;
  bool undefined = false;  // A division by zero stands in it.
  bool merged = true;      // Like terms have been collected and sorted.

  // The number it is, when it is one.
  std::optional<Rational> constant() const;
  std::string Text() const;
};

// The canonical form of the subtree `id`: rational arithmetic done, sums and products flattened and sorted, like terms and like factors collected, roots of
// perfect powers taken, synonyms unified. Equal texts mean equal values; the converse does not hold. Spends `fuel` and stops early when it runs out.
Form Canonical(const Ast& ast, NodeId id, Fuel& fuel);

}  // namespace cohort::reward::math

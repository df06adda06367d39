#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/reward/math/cells.h"
#include "services/reward/math/scalar.h"

namespace cohort::reward::math {

// Where the difference of two functions may change its sign.
struct CriticalPoints {
  std::vector<Enclosure> roots;
  std::vector<Enclosure> poles;
};

// Of a - b as a function of `variable`: quotients of polynomials with absolute values in them, and linear functions with any constants. nullopt for everything else.
std::optional<CriticalPoints> FindCriticalPoints(View a, View b, const std::string& variable, const Context& context);

// The numbers for which `relation` holds between a and b: the sign of a - b is constant between its critical points. nullopt when a sign could not be told, or two points apart.
// Where a or b is no real number it does not hold, and *undefined becomes true.
std::optional<Cells> CellsWhere(View a, Relation relation, View b, const std::string& variable, CriticalPoints critical, const Context& context,
                                bool* undefined = nullptr);

// Whether a and b have the same value everywhere in `where`: whether nothing of it is left where they differ. nullopt when that cannot be told, and where one of them has a pole.
std::optional<bool> AgreeOn(const Cells& where, View a, View b, const std::string& variable, const Context& context);

}  // namespace cohort::reward::math

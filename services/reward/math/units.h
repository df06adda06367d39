#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/reward/math/rational.h"

namespace cohort::reward::math {

// What a quantity measures: powers of base units, sorted by name, no zero powers. Empty for a pure number.
using Dimension = std::vector<std::pair<std::string, int>>;

// A unit of measure: `scale` times the base units of its dimension.
struct Unit {
  Rational scale;
  Dimension dimension;
};

// The unit of this name ("cm", "square" is no unit, "kilometers", "厘米"), or nullptr. Names are case-sensitive where they are symbols.
const Unit* FindUnit(std::string_view name);

// The unit of this name, or a nominal one that measures just the things named: "apples" and "apple" are the same, and no number of them is a number.
Unit UnitOrThing(std::string_view name);

// Whether it measures money of some currency; such a unit may be left out.
bool IsMoney(const Dimension& dimension);

Dimension Multiplied(const Dimension& a, const Dimension& b, int power_of_b);

}  // namespace cohort::reward::math

#pragma once

#include "services/reward/math/policy.h"
#include "services/reward/math/scalar.h"

namespace cohort::reward::math {

// What stands in an answer and could vanish when it is calculated with: "0 is wrong" is zero times a thing, "0 {1, 2}" zero times a set, "5 cm/cm" a number.
struct Ingredients {
  bool things = false;      // Words behind numbers that are no units of measure.
  bool units = false;       // Units of measure, other than of money and angles.
  bool letters = false;     // Names that may be units: 2h.
  bool points = false;      // Tuples, matrices, or what may be unit vectors.
  bool vectors = false;     // Tuples or matrices as parts of a calculation.
  bool statements = false;  // Sets, statements or words as parts of a calculation.
};
Ingredients IngredientsOf(View view);

// Whether one side has what the other lacks, so that they cannot mean the same. Units may be missing where the policy says so.
bool Clash(const Ingredients& a, const Ingredients& b, UnitPolicy policy);

}  // namespace cohort::reward::math

#pragma once

#include <cstdint>

namespace cohort::reward::math {

// How near a decimal has to come.
enum class Approximation : uint8_t {
  kNone,          // Exact.
  kRoundToShown,  // The reference is a decimal: every value that rounds to it is right.
  kRelative,      // Within `relative_tolerance` of the reference.
  kSixDecimals,   // Both rounded to six decimals.
};

// What becomes of units of measure.
enum class UnitPolicy : uint8_t {
  kConvert,  // 500 cm is 5 m; a number without unit is no quantity. Money may lack its sign.
  kStrip,    // Also equal when only one side has a unit.
  kRequire,  // The same unit, not a converted one.
};

// What counts as equal, for one reference answer (RS-1). The defaults are exact.
struct Policy {
  Approximation approximation = Approximation::kNone;
  double relative_tolerance = 0;  // > 0 with kRelative.
  UnitPolicy units = UnitPolicy::kConvert;
  bool order_matters = false;              // Lists without brackets are compared in their order.
  bool assignment_lhs_optional = true;     // "x = 5" is 5.
  bool interval_is_inequality = true;      // "x > 2" is (2, ∞).
  bool fold_text = true;                   // Case, white space and punctuation of words do not matter.
  bool literal_only = false;               // The answer is a number, not a calculation: a copied question is no answer.

  friend bool operator==(const Policy&, const Policy&) = default;
};

}  // namespace cohort::reward::math

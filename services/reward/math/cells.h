#pragma once

#include <optional>
#include <vector>

#include "services/reward/math/ball.h"

namespace cohort::reward::math {

// Working precision of end points, and the bits to which two of them agree when they are the same.
inline constexpr slong kEndPointPrecision = 512;
inline constexpr int64_t kEndPointAgreement = 256;

// A set of real numbers that is a finite union of points and intervals: the line is cut at `points`, and each point and each gap between them (the first and
// last reach to infinity) is inside or outside as a whole.
struct Cells {
  std::vector<Enclosure> points;      // Rising, distinct.
  std::vector<bool> point_inside;     // As many.
  std::vector<bool> gap_inside{false};  // One more.

  static Cells All();
  static Cells Of(Enclosure point);
  bool IsEmpty() const;
};

// Negative, zero or positive as a < b, a = b, a > b; nullopt when that cannot be told.
std::optional<int> CompareReals(const Enclosure& a, const Enclosure& b);

enum class SetOperation { kUnion, kIntersection, kDifference };

// nullopt when two end points cannot be told apart.
std::optional<Cells> Combine(const Cells& a, const Cells& b, SetOperation operation);
std::optional<bool> SameSet(const Cells& a, const Cells& b);

// Adds `more` (in any order) to the cuts of the line, all outside, and returns the sorted distinct list.
std::optional<std::vector<Enclosure>> SortedDistinct(std::vector<Enclosure> points);

// A rational number between two neighbours; without a neighbour on one side, one beyond the other; 0 without any.
Rational Between(const Enclosure* low, const Enclosure* high);

}  // namespace cohort::reward::math

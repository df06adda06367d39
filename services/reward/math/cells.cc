#include "services/reward/math/cells.h"

#include <algorithm>
#include <functional>

namespace cohort::reward::math {
namespace {

acb_srcptr BallOf(const Enclosure& value) { return const_cast<Enclosure&>(value).Ball(kEndPointPrecision); }  // Fills a cache.

Rational MiddleOf(const Enclosure& value) {
  if (value.exact) return value.rational;
  Rational middle;
  arf_get_fmpq(middle.get(), arb_midref(acb_realref(BallOf(value))));
  return middle;
}

// The set `a` over the finer cuts `points`, which contain its own.
std::optional<Cells> Refined(const Cells& a, const std::vector<Enclosure>& points) {
  Cells refined;
  refined.points = points;
  refined.gap_inside.clear();
  size_t next = 0;
  refined.gap_inside.push_back(a.gap_inside[0]);
  for (const Enclosure& point : points) {
    const std::optional<int> order = next < a.points.size() ? CompareReals(point, a.points[next]) : std::optional<int>(-1);
    if (!order.has_value()) return std::nullopt;
    const bool own = next < a.points.size() && *order == 0;
    refined.point_inside.push_back(own ? a.point_inside[next] : a.gap_inside[next]);
    if (own) ++next;
    refined.gap_inside.push_back(a.gap_inside[next]);
  }
  return refined;
}

}  // namespace

Cells Cells::All() {
  Cells all;
  all.gap_inside = {true};
  return all;
}

Cells Cells::Of(Enclosure point) {
  Cells one;
  one.points.push_back(std::move(point));
  one.point_inside = {true};
  one.gap_inside = {false, false};
  return one;
}

bool Cells::IsEmpty() const {
  return std::none_of(point_inside.begin(), point_inside.end(), std::identity()) && std::none_of(gap_inside.begin(), gap_inside.end(), std::identity());
}

std::optional<int> CompareReals(const Enclosure& a, const Enclosure& b) {
  if (a.exact && b.exact) return Compare(a.rational, b.rational);
  arb_t difference;
  arb_init(difference);
  arb_sub(difference, acb_realref(BallOf(a)), acb_realref(BallOf(b)), kEndPointPrecision);
  std::optional<int> order;
  if (arb_is_positive(difference)) {
    order = 1;
  } else if (arb_is_negative(difference)) {
    order = -1;
  } else if (arb_is_finite(difference)) {
    mag_t bound;
    mag_init(bound);
    arb_get_mag(bound, difference);
    if (mag_cmp_2exp_si(bound, -kEndPointAgreement) < 0) order = 0;
    mag_clear(bound);
  }
  arb_clear(difference);
  return order;
}

std::optional<std::vector<Enclosure>> SortedDistinct(std::vector<Enclosure> points) {
  bool undecided = false;
  std::sort(points.begin(), points.end(), [](const Enclosure& a, const Enclosure& b) {
    return arf_cmp(arb_midref(acb_realref(BallOf(a))), arb_midref(acb_realref(BallOf(b)))) < 0;
  });
  std::vector<Enclosure> distinct;
  for (Enclosure& point : points) {
    if (!distinct.empty()) {
      const std::optional<int> order = CompareReals(distinct.back(), point);
      undecided = undecided || !order.has_value() || *order > 0;
      if (order == 0) {
        if (point.exact) distinct.back() = std::move(point);
        continue;
      }
    }
    distinct.push_back(std::move(point));
  }
  return undecided ? std::nullopt : std::optional<std::vector<Enclosure>>(std::move(distinct));
}

std::optional<Cells> Combine(const Cells& a, const Cells& b, SetOperation operation) {
  std::vector<Enclosure> points = a.points;
  points.insert(points.end(), b.points.begin(), b.points.end());
  const auto distinct = SortedDistinct(std::move(points));
  if (!distinct.has_value()) return std::nullopt;
  std::optional<Cells> x = Refined(a, *distinct), y = Refined(b, *distinct);
  if (!x.has_value() || !y.has_value()) return std::nullopt;
  const auto inside = [operation](bool in_a, bool in_b) {
    switch (operation) {
      case SetOperation::kUnion: return in_a || in_b;
      case SetOperation::kIntersection: return in_a && in_b;
      default: return in_a && !in_b;
    }
  };
  for (size_t i = 0; i < x->point_inside.size(); ++i) x->point_inside[i] = inside(x->point_inside[i], y->point_inside[i]);
  for (size_t i = 0; i < x->gap_inside.size(); ++i) x->gap_inside[i] = inside(x->gap_inside[i], y->gap_inside[i]);
  return x;
}

std::optional<bool> SameSet(const Cells& a, const Cells& b) {
  const std::optional<Cells> left = Combine(a, b, SetOperation::kDifference), right = Combine(b, a, SetOperation::kDifference);
  if (!left.has_value() || !right.has_value()) return std::nullopt;
  return left->IsEmpty() && right->IsEmpty();
}

Rational Between(const Enclosure* low, const Enclosure* high) {
  if (low == nullptr && high == nullptr) return Rational(0);
  if (low == nullptr) return MiddleOf(*high).Floor() - Rational(1);
  if (high == nullptr) return MiddleOf(*low).Ceiling() + Rational(1);
  return (MiddleOf(*low) + MiddleOf(*high)) / Rational(2);
}

}  // namespace cohort::reward::math

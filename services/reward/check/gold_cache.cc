#include "services/reward/check/gold_cache.h"

#include <functional>

#include "services/reward/math/limits.h"

namespace cohort::reward {
namespace {

constexpr size_t kMaxKeptNodes = 1024;  // A larger one is forgotten at the next call, so that memory stays bounded.

}  // namespace

const math::Gold& GoldCache::Read(std::string_view text, const math::CompareOptions& options) {
  Place& place = places_[std::hash<std::string_view>()(text) % places_.size()];
  const bool known = place.gold != nullptr && place.gold->nodes() <= kMaxKeptNodes && place.options == options && place.text == text;
  if (!known) {
    place.text = text;
    place.options = options;
    place.gold = std::make_unique<const math::Gold>(text, options, math::kMaxFuel);
  }
  return *place.gold;
}

}  // namespace cohort::reward

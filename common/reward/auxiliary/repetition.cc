#include "common/reward/auxiliary/repetition.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "common/reward/auxiliary/units.h"

namespace cohort::reward {
namespace {

// An odd multiplier with well-spread bits: the base of the polynomial that hashes an n-gram.
constexpr uint64_t kBase = 0x9E3779B97F4A7C15u;

std::vector<uint64_t> UnitHashes(std::string_view text) {
  std::vector<uint64_t> hashes;
  UnitReader reader(text);
  for (Unit unit; reader.Next(&unit);) hashes.push_back(std::hash<std::string_view>()(unit.span.In(text)));
  return hashes;
}

}  // namespace

double RepetitionPenalty(std::string_view text, int n) {
  const std::vector<uint64_t> units = UnitHashes(text);
  const size_t length = static_cast<size_t>(n);
  if (units.size() < length) return 0;
  uint64_t leading = 1;  // kBase to the power n - 1.
  for (size_t i = 1; i < length; ++i) leading *= kBase;
  std::vector<uint64_t> grams;
  grams.reserve(units.size() - length + 1);
  uint64_t hash = 0;
  for (size_t i = 0; i < units.size(); ++i) {
    if (i >= length) hash -= units[i - length] * leading;
    hash = hash * kBase + units[i];
    if (i + 1 >= length) grams.push_back(hash);
  }
  const auto total = static_cast<double>(grams.size());
  std::sort(grams.begin(), grams.end());
  const auto different = std::unique(grams.begin(), grams.end()) - grams.begin();
  return static_cast<double>(different) / total - 1;
}

}  // namespace cohort::reward

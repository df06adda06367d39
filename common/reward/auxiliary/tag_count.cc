#include "common/reward/auxiliary/tag_count.h"

#include <cstddef>

#include "common/reward/format/tag_scanner.h"

namespace cohort::reward {
namespace {

// How many of the four tags, from the first one on, the template has.
size_t TagsOf(v1::Template shape) {
  if (shape == v1::TEMPLATE_R1_ZERO) return kTagCount;
  return shape == v1::TEMPLATE_R1_RELEASED ? 2 : 0;
}

}  // namespace

double TagCount(std::string_view text, v1::Template shape, bool think_prefilled) {
  const size_t tags = TagsOf(shape);
  if (tags == 0) return 0;
  const TagScan scan = ScanTags(text);
  if (scan.lookalike) return 0;
  int right = 0;
  size_t last_end = 0;
  for (size_t i = 0; i < tags; ++i) {
    const bool prefilled = think_prefilled && static_cast<Tag>(i) == Tag::kThinkOpen;
    if (prefilled) {
      right += scan.count[i] == 0;
    } else if (scan.count[i] == 1 && scan.first[i].begin >= last_end) {
      ++right;
      last_end = scan.first[i].end;
    }
  }
  return static_cast<double>(right) / static_cast<double>(tags);
}

}  // namespace cohort::reward

#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "common/reward/format/span.h"

namespace cohort::reward {

// The four tags in the order in which R1_ZERO wants them.
enum class Tag { kThinkOpen, kThinkClose, kAnswerOpen, kAnswerClose };
inline constexpr size_t kTagCount = 4;

// What a scan of a text for tags has found.
struct TagScan {
  std::array<int, kTagCount> count{};   // How often each tag stands there, byte by byte as it should be.
  std::array<Span, kTagCount> first{};  // Its first place, angle brackets included.
  bool lookalike = false;               // Something imitates a tag; the scan stopped there.

  int CountOf(Tag tag) const { return count[static_cast<size_t>(tag)]; }
  Span PlaceOf(Tag tag) const { return first[static_cast<size_t>(tag)]; }
};

// Finds the tags <think>, </think>, <answer>, </answer> and whatever imitates them: other cases, spaces, attributes, a stroke at the wrong end, invisible
// characters inside, letters and brackets of other scripts. A longer name (<thinking>) is another word, not an imitation. `text` is valid UTF-8.
// Takes time linear in the text.
TagScan ScanTags(std::string_view text);

}  // namespace cohort::reward

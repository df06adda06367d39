#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/reward/format/span.h"

namespace cohort::reward {

// Where a segment says its boxed answer.
struct BoxedAnswer {
  enum class Kind {
    kNoBox,         // No \boxed or \fbox at the top level.
    kUnterminated,  // The last one has no end.
    kFound,
  };
  Kind kind = Kind::kNoBox;
  Span span;                // kFound: the content of the last box, or from the first to the last of several boxes that are joined into a list.
  std::vector<Span> parts;  // kFound: the contents, one per joined box.
  size_t boxes = 0;         // How many boxes stand at the top level, joined or not.
};

// RS-1, rule 6. Finds the last top-level \boxed{..}, \fbox{..} or \boxed x between `segment`'s ends. Earlier boxes belong to it only when nothing but
// white space (\quad, \, too), ',', ';', the delimiters of formulas ('$', \(, \[), "and", "or" (\text{and} too) stands between; otherwise the last one is a
// correction. A box that holds nothing but another box, delimiters aside, is unwrapped.
// The argument of a style command (\text{..}, \mathbf{..}) or a plain group counts as top level, the argument of \frac and others does not. Unterminated
// groups other than boxes are ignored. No salvage: an unterminated box hides whatever follows it. Takes time and memory linear in the segment.
BoxedAnswer FindBoxedAnswer(std::string_view text, Span segment);

// `span` without the boxes around all of it; white space, a final stop and the delimiters of a formula do not count.
Span UnwrapBoxes(std::string_view text, Span span);

// What the box holds, as one text: the parts with ", " between them.
std::string TextOf(const BoxedAnswer& answer, std::string_view text);

}  // namespace cohort::reward

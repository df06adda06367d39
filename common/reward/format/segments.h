#pragma once

#include <cstddef>
#include <string_view>

#include "cohort/reward/v1/reward_service.pb.h"
#include "common/reward/format/limits.h"
#include "common/reward/format/span.h"

namespace cohort::reward {

// A completion taken apart by its template.
struct Segments {
  v1::FormatReason reason = v1::FORMAT_REASON_UNSPECIFIED;  // OK, or the first rule that is broken.
  Span think;                                               // Between the think tags. Set when OK and the template has it.
  Span answer;                                              // Where the answer is looked for. Set when OK.
};

// RS-1, rules 3 to 5: every tag of the template exactly once and in order, nothing that imitates a tag, only white space outside the segments, neither
// segment empty or a placeholder, at least `min_think_characters` visible characters of thinking, the answer not too long. With `think_prefilled` the prompt has
// already opened the think segment, so another <think> repeats it. R1_RELEASED knows no answer tags: they count as imitations there. The other templates have no
// tags at all.
// `text` is valid UTF-8; `max_answer_bytes` bounds the answer segment of R1_ZERO. Takes time linear in the text.
Segments SplitSegments(std::string_view text, v1::Template shape, bool think_prefilled, size_t min_think_characters,
                       size_t max_answer_bytes = kMaxAnswerSegmentBytes);

}  // namespace cohort::reward

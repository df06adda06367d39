#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cohort/reward/v1/reward_service.pb.h"
#include "common/reward/format/limits.h"
#include "common/reward/format/segments.h"
#include "common/reward/format/span.h"

namespace cohort::reward {

// A completion and what its template promises about it. The views must outlive the call.
struct FormatInput {
  std::string_view completion;                // The completion alone, any bytes.
  v1::Template shape = v1::TEMPLATE_R1_ZERO;  // Specified.
  bool think_prefilled = false;               // The prompt ended with <think>.
  bool stopped = true;                        // The model ended the completion itself (finish reason STOP).
  std::vector<std::string_view> eos_strings;  // At most one, the longest that fits, is taken off the end.
  size_t min_think_characters = kMinThinkCharacters;  // Fewest visible characters of thinking; at least 1.
  size_t max_answer_bytes = kMaxAnswerSegmentBytes;  // Of the answer segment of R1_ZERO.
};

// What the format check and the extraction found.
struct FormatOutcome {
  v1::FormatReason reason = v1::FORMAT_REASON_UNSPECIFIED;
  bool has_answer = false;  // Never when the reason is not OK: a wrong format is not extracted from.
  Span span;                // Where the answer stands in the completion.
  std::string answer;       // Its text: that of the span, or the contents of several boxes as a list.
  Span think;               // The reasoning; empty where the template has none or the format is wrong.
  size_t boxes = 0;         // Boxes at the top level of the answer's place.

  bool ok() const { return reason == v1::FORMAT_REASON_OK; }
};

// RS-1, rules 1 to 5: encoding, end of sequence, finish reason, tags, segments; BAD_ENCODING and TRUNCATED come before the rules of SplitSegments. BARE_ANSWER
// has no rules: everything is its answer segment. A pure function; its time is linear in the completion.
Segments SplitCompletion(const FormatInput& input);

// RS-1, rules 1 to 7: encoding, end of sequence, finish reason, tags, segments, box, anchor. For BARE_ANSWER the whole completion is the answer (a box around all
// of it is taken off) and no format is checked. A pure function; its time is linear in the completion.
FormatOutcome CheckFormat(const FormatInput& input);

}  // namespace cohort::reward

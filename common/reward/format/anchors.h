#pragma once

#include <optional>
#include <string_view>

#include "common/reward/format/span.h"

namespace cohort::reward {

// RS-1, rule 7: answers that stand behind an anchor in running text, for the two templates whose prompts ask for that. The last anchor counts, and what
// follows it on its line is the answer, white space aside; an empty rest of the line is an empty span, never a reason to take an earlier anchor. nullopt
// where there is no anchor. Pure functions; their time is linear in the text.

// GSM8K_HASH: behind "####", exactly four of them.
std::optional<Span> FindHashAnswer(std::string_view text);

// DAPO_ANSWER: behind "Answer:" or "answer is", in any case, as words of their own. Emphasis around the anchor ("**Answer:** 4", "**Answer: 4**") belongs
// to it.
std::optional<Span> FindAnswerLine(std::string_view text);

}  // namespace cohort::reward

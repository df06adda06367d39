#include "common/reward/format/format.h"

#include <algorithm>
#include <optional>

#include "common/reward/format/anchors.h"
#include "common/reward/format/boxes.h"
#include "common/reward/format/characters.h"
#include "common/reward/format/utf8.h"

namespace cohort::reward {
namespace {

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

std::string_view WithoutEos(std::string_view text, const std::vector<std::string_view>& eos_strings) {
  size_t longest = 0;
  for (const std::string_view eos : eos_strings) {
    if (EndsWith(text, eos)) longest = std::max(longest, eos.size());
  }
  return text.substr(0, text.size() - longest);
}

void SetAnswer(std::string_view text, Span span, FormatOutcome& outcome) {
  outcome.span = TrimWhitespace(text, span);
  outcome.answer = std::string(outcome.span.In(text));
  outcome.has_answer = CountVisible(outcome.answer, 1) > 0;
}

void SetBoxedAnswer(std::string_view text, const BoxedAnswer& boxed, FormatOutcome& outcome) {
  outcome.span = boxed.span;
  outcome.answer = TextOf(boxed, text);
  outcome.has_answer = CountVisible(outcome.answer, 1) > 0;
}

// Rule 6, first half, and rule 7: the part of the segment in which the answer stands; nullopt when an anchor is wanted and there is none.
std::optional<Span> AnswerPlace(std::string_view text, v1::Template shape, Span segment) {
  if (shape == v1::TEMPLATE_GSM8K_HASH) return FindHashAnswer(text);
  if (shape == v1::TEMPLATE_DAPO_ANSWER) return FindAnswerLine(text);
  return segment;
}

// Whether an answer without a box is one.
bool BoxIsOptional(v1::Template shape) { return shape != v1::TEMPLATE_R1_RELEASED && shape != v1::TEMPLATE_BOXED_ONLY; }

FormatOutcome BareAnswer(std::string_view text) {
  FormatOutcome outcome;
  outcome.reason = v1::FORMAT_REASON_OK;
  if (!IsCleanText(text)) {  // Nothing to refuse here; it is an answer that no parser takes.
    outcome.span = {0, text.size()};
    outcome.answer = std::string(text);
    outcome.has_answer = true;
    return outcome;
  }
  SetAnswer(text, UnwrapBoxes(text, {0, text.size()}), outcome);
  return outcome;
}

}  // namespace

Segments SplitCompletion(const FormatInput& input) {
  Segments segments;
  segments.reason = v1::FORMAT_REASON_OK;
  segments.answer = {0, input.completion.size()};
  if (input.shape == v1::TEMPLATE_BARE_ANSWER) return segments;
  segments.reason = v1::FORMAT_REASON_BAD_ENCODING;
  if (!IsCleanText(input.completion)) return segments;
  segments.reason = v1::FORMAT_REASON_TRUNCATED;
  if (!input.stopped) return segments;
  return SplitSegments(WithoutEos(input.completion, input.eos_strings), input.shape, input.think_prefilled, input.min_think_characters,
                       input.max_answer_bytes);
}

FormatOutcome CheckFormat(const FormatInput& input) {
  if (input.shape == v1::TEMPLATE_BARE_ANSWER) return BareAnswer(input.completion);
  FormatOutcome outcome;
  const Segments segments = SplitCompletion(input);
  outcome.reason = segments.reason;
  if (!outcome.ok()) return outcome;
  const std::string_view text = WithoutEos(input.completion, input.eos_strings);
  outcome.think = segments.think;
  const std::optional<Span> place = AnswerPlace(text, input.shape, segments.answer);
  if (!place.has_value()) return outcome;
  const BoxedAnswer boxed = FindBoxedAnswer(text, *place);
  outcome.boxes = boxed.boxes;
  if (boxed.kind == BoxedAnswer::Kind::kFound) {
    SetBoxedAnswer(text, boxed, outcome);
  } else if (boxed.kind == BoxedAnswer::Kind::kNoBox && BoxIsOptional(input.shape)) {
    SetAnswer(text, *place, outcome);
  }
  return outcome;
}

}  // namespace cohort::reward

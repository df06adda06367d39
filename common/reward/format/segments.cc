#include "common/reward/format/segments.h"

#include "common/reward/format/characters.h"
#include "common/reward/format/placeholders.h"
#include "common/reward/format/tag_scanner.h"

namespace cohort::reward {
namespace {

constexpr Tag kAllTags[] = {Tag::kThinkOpen, Tag::kThinkClose, Tag::kAnswerOpen, Tag::kAnswerClose};

bool HasThinkTags(v1::Template shape) { return shape == v1::TEMPLATE_R1_ZERO || shape == v1::TEMPLATE_R1_RELEASED; }

// How often `tag` has to stand in a completion of this template.
int Wanted(Tag tag, v1::Template shape, bool think_prefilled) {
  if (tag == Tag::kThinkOpen) return think_prefilled ? 0 : 1;
  if (tag == Tag::kThinkClose) return 1;
  return shape == v1::TEMPLATE_R1_ZERO ? 1 : 0;
}

v1::FormatReason CheckCounts(const TagScan& scan, v1::Template shape, bool think_prefilled) {
  if (scan.lookalike) return v1::FORMAT_REASON_LOOKALIKE_TAG;
  bool missing = false;
  for (const Tag tag : kAllTags) {
    const int wanted = Wanted(tag, shape, think_prefilled);
    const bool foreign = wanted == 0 && tag != Tag::kThinkOpen;
    if (foreign && scan.CountOf(tag) > 0) return v1::FORMAT_REASON_LOOKALIKE_TAG;
    if (scan.CountOf(tag) > wanted) return v1::FORMAT_REASON_REPEATED_TAG;
    missing = missing || scan.CountOf(tag) < wanted;
  }
  return missing ? v1::FORMAT_REASON_MISSING_TAG : v1::FORMAT_REASON_OK;
}

v1::FormatReason CheckOrder(const TagScan& scan) {
  size_t last_end = 0;
  for (const Tag tag : kAllTags) {
    if (scan.CountOf(tag) == 0) continue;
    if (scan.PlaceOf(tag).begin < last_end) return v1::FORMAT_REASON_WRONG_ORDER;
    last_end = scan.PlaceOf(tag).end;
  }
  return v1::FORMAT_REASON_OK;
}

v1::FormatReason CheckOutside(std::string_view text, const TagScan& scan, v1::Template shape, bool think_prefilled) {
  const auto outside = [&](size_t begin, size_t end) { return !IsBlank(text.substr(begin, end - begin)); };
  if (!think_prefilled && outside(0, scan.PlaceOf(Tag::kThinkOpen).begin)) return v1::FORMAT_REASON_TEXT_OUTSIDE;
  if (shape != v1::TEMPLATE_R1_ZERO) return v1::FORMAT_REASON_OK;
  if (outside(scan.PlaceOf(Tag::kThinkClose).end, scan.PlaceOf(Tag::kAnswerOpen).begin)) return v1::FORMAT_REASON_TEXT_OUTSIDE;
  if (outside(scan.PlaceOf(Tag::kAnswerClose).end, text.size())) return v1::FORMAT_REASON_TEXT_OUTSIDE;
  return v1::FORMAT_REASON_OK;
}

v1::FormatReason CheckAnswer(std::string_view answer, v1::Template shape, size_t max_answer_bytes) {
  if (CountVisible(answer, 1) == 0 || IsPlaceholder(answer)) return v1::FORMAT_REASON_EMPTY_ANSWER;
  if (shape == v1::TEMPLATE_R1_ZERO && answer.size() > max_answer_bytes) return v1::FORMAT_REASON_ANSWER_TOO_LONG;
  return v1::FORMAT_REASON_OK;
}

}  // namespace

Segments SplitSegments(std::string_view text, v1::Template shape, bool think_prefilled, size_t min_think_characters, size_t max_answer_bytes) {
  Segments segments;
  if (!HasThinkTags(shape)) {
    segments.answer = {0, text.size()};
    segments.reason = CheckAnswer(text, shape, max_answer_bytes);
    return segments;
  }
  const TagScan scan = ScanTags(text);
  segments.reason = CheckCounts(scan, shape, think_prefilled);
  if (segments.reason == v1::FORMAT_REASON_OK) segments.reason = CheckOrder(scan);
  if (segments.reason == v1::FORMAT_REASON_OK) segments.reason = CheckOutside(text, scan, shape, think_prefilled);
  if (segments.reason != v1::FORMAT_REASON_OK) return segments;

  segments.think = {think_prefilled ? 0 : scan.PlaceOf(Tag::kThinkOpen).end, scan.PlaceOf(Tag::kThinkClose).begin};
  const bool tagged = shape == v1::TEMPLATE_R1_ZERO;
  segments.answer = tagged ? Span{scan.PlaceOf(Tag::kAnswerOpen).end, scan.PlaceOf(Tag::kAnswerClose).begin}
                           : Span{scan.PlaceOf(Tag::kThinkClose).end, text.size()};
  const std::string_view think = segments.think.In(text);
  if (CountVisible(think, min_think_characters) < min_think_characters || IsPlaceholder(think)) {
    segments.reason = v1::FORMAT_REASON_EMPTY_THINK;
  } else {
    segments.reason = CheckAnswer(segments.answer.In(text), shape, max_answer_bytes);
  }
  return segments;
}

}  // namespace cohort::reward

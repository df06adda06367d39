// The tag automaton: whatever it says about tags stands in the text, and taking the text apart keeps every span inside it.
#include "common/reward/format/segments.h"
#include "common/reward/format/tag_scanner.h"
#include "common/reward/format/utf8.h"
#include "tests/fuzz/input.h"

namespace cohort::reward {
namespace {

constexpr std::string_view kTags[] = {"<think>", "</think>", "<answer>", "</answer>"};

void CheckScan(std::string_view text) {
  const TagScan scan = ScanTags(text);
  for (size_t i = 0; i < kTagCount && !scan.lookalike; ++i) {
    int count = 0;
    for (size_t at = text.find(kTags[i]); at != std::string_view::npos; at = text.find(kTags[i], at + 1)) ++count;
    Require(scan.count[i] == count);
    if (count > 0) Require(scan.first[i].begin == text.find(kTags[i]) && scan.first[i].In(text) == kTags[i]);
  }
}

void CheckSegments(std::string_view text, v1::Template shape, bool prefilled) {
  const Segments segments = SplitSegments(text, shape, prefilled, kMinThinkCharacters);
  Require(segments.reason != v1::FORMAT_REASON_UNSPECIFIED);
  if (segments.reason != v1::FORMAT_REASON_OK) return;
  Require(segments.think.begin <= segments.think.end && segments.think.end <= segments.answer.begin);
  Require(segments.answer.begin < segments.answer.end && segments.answer.end <= text.size());
}

}  // namespace
}  // namespace cohort::reward

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cohort::reward;
  const std::string_view text = TextOf(data, size);
  if (!IsCleanText(text)) return 0;
  CheckScan(text);
  for (const v1::Template shape : {v1::TEMPLATE_R1_ZERO, v1::TEMPLATE_R1_RELEASED, v1::TEMPLATE_BOXED_ONLY}) {
    CheckSegments(text, shape, false);
    CheckSegments(text, shape, true);
  }
  return 0;
}

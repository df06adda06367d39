#include "common/reward/auxiliary/auxiliary.h"

#include "common/reward/auxiliary/language_consistency.h"
#include "common/reward/auxiliary/reasoning_steps.h"
#include "common/reward/auxiliary/repetition.h"
#include "common/reward/auxiliary/tag_count.h"

namespace cohort::reward {
namespace {

constexpr std::string_view kThinkOpen = "<think>";
constexpr std::string_view kThinkClose = "</think>";

std::string_view ReasoningOf(std::string_view completion) {
  const size_t close = completion.find(kThinkClose);
  if (close == std::string_view::npos) return completion;
  const size_t open = completion.substr(0, close).find(kThinkOpen);
  const size_t begin = open == std::string_view::npos ? 0 : open + kThinkOpen.size();
  return completion.substr(begin, close - begin);
}

}  // namespace

AuxiliaryRewards MeasureAuxiliary(const AuxiliaryRequest& request, std::string_view completion, v1::Template shape, bool think_prefilled) {
  AuxiliaryRewards rewards;
  const std::string_view reasoning = ReasoningOf(completion);
  if (request.language != v1::LANGUAGE_UNSPECIFIED) rewards.language_consistency = LanguageConsistency(reasoning, request.language);
  if (request.repetition_ngram > 0) rewards.repetition = RepetitionPenalty(completion, request.repetition_ngram);
  if (request.tag_count) rewards.tag_count = TagCount(completion, shape, think_prefilled);
  if (request.reasoning_steps) rewards.reasoning_steps = ReasoningSteps(reasoning);
  return rewards;
}

}  // namespace cohort::reward

#include "common/reward/auxiliary/auxiliary_proto.h"

#include "common/reward/auxiliary/repetition.h"

namespace cohort::reward {

std::string AuxiliaryError(const v1::AuxiliaryRequest& auxiliary) {
  if (!v1::Language_IsValid(auxiliary.language())) return "auxiliary.language " + std::to_string(auxiliary.language()) + " is not known";
  const int n = auxiliary.repetition_ngram();
  if (n == 0 || (n >= kMinRepetitionNgram && n <= kMaxRepetitionNgram)) return "";
  return "auxiliary.repetition_ngram is " + std::to_string(n) + "; it is 0 or from " + std::to_string(kMinRepetitionNgram) + " to " +
         std::to_string(kMaxRepetitionNgram);
}

AuxiliaryRequest AuxiliaryOf(const v1::AuxiliaryRequest& auxiliary) {
  return {auxiliary.language(), auxiliary.repetition_ngram(), auxiliary.tag_count(), auxiliary.reasoning_steps()};
}

void FillAuxiliary(const AuxiliaryRewards& rewards, v1::ScoreResult& result) {
  if (rewards.language_consistency.has_value()) result.mutable_auxiliary()->set_language_consistency(*rewards.language_consistency);
  if (rewards.repetition.has_value()) result.mutable_auxiliary()->set_repetition(*rewards.repetition);
  if (rewards.tag_count.has_value()) result.mutable_auxiliary()->set_tag_count(*rewards.tag_count);
  if (rewards.reasoning_steps.has_value()) result.mutable_auxiliary()->set_reasoning_steps(*rewards.reasoning_steps);
}

}  // namespace cohort::reward

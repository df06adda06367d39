// A whole check on a completion, every template and every auxiliary reward: ends on any bytes with a verdict, spans inside the completion, and rewards within
// their bounds. The first line of the input is the reference answer.
#include "services/reward/check/check.h"
#include "tests/fuzz/input.h"

namespace cohort::reward {
namespace {

void CheckBounds(const AuxiliaryRewards& rewards) {
  for (const auto& share : {rewards.language_consistency, rewards.tag_count, rewards.reasoning_steps}) Require(share.has_value() && *share >= 0 && *share <= 1);
  Require(rewards.repetition.has_value() && *rewards.repetition <= 0 && *rewards.repetition > -1);
}

}  // namespace
}  // namespace cohort::reward

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cohort::reward;
  CheckInput input;
  input.completion = TextOf(data, size);
  input.gold = TakeLine(input.completion);
  input.auxiliary = {v1::LANGUAGE_ENGLISH, 3, true, true};
  input.explain = true;
  for (int shape = v1::TEMPLATE_R1_ZERO; shape < v1::Template_ARRAYSIZE; ++shape) {
    input.shape = static_cast<v1::Template>(shape);
    input.think_prefilled = size % 2 == 0;
    const CheckOutcome outcome = RunCheck(input);
    Require(outcome.verdict != v1::VERDICT_UNSPECIFIED && outcome.format_reason != v1::FORMAT_REASON_UNSPECIFIED);
    Require(outcome.answer_begin <= outcome.answer_end && outcome.answer_end <= input.completion.size());
    Require(outcome.format_ok || outcome.answer_end == 0);
    CheckBounds(outcome.auxiliary);
  }
  return 0;
}

#include "services/reward/check/check.h"

#include "services/reward/format/format.h"
#include "services/reward/math/compare.h"
#include "services/reward/math/limits.h"

namespace cohort::reward {
namespace {

CheckOutcome CompileGold(const CheckInput& input) {
  CheckOutcome outcome;
  math::Fuel fuel(math::kMaxFuel);
  outcome.message = math::GoldError(input.gold, fuel);
  outcome.verdict = outcome.message.empty() ? v1::VERDICT_CORRECT : v1::VERDICT_GOLD_UNPARSEABLE;
  return outcome;
}

// The verdict on an answer that is not there: the format is wrong, or its place is empty.
v1::Verdict VerdictWithoutAnswer(const FormatOutcome& format, std::string_view gold) {
  math::Fuel fuel(math::kMaxFuel);
  if (!math::GoldError(gold, fuel).empty()) return v1::VERDICT_GOLD_UNPARSEABLE;
  return format.ok() ? v1::VERDICT_NO_ANSWER : v1::VERDICT_FORMAT;
}

}  // namespace

CheckOutcome RunCheck(const CheckInput& input) {
  if (input.kind == CheckKind::kCompileGold) return CompileGold(input);
  const FormatOutcome format = CheckFormat({input.completion, input.shape, input.think_prefilled, input.stopped, input.eos_strings});
  CheckOutcome outcome;
  outcome.format_ok = format.ok();
  outcome.format_reason = format.reason;
  outcome.think_bytes = static_cast<uint32_t>(format.think.size());
  outcome.boxes = static_cast<uint32_t>(format.boxes);
  if (input.auxiliary.any()) outcome.auxiliary = MeasureAuxiliary(input.auxiliary, input.completion, input.shape, input.think_prefilled);
  if (!format.has_answer) {
    outcome.verdict = VerdictWithoutAnswer(format, input.gold);
    return outcome;
  }
  outcome.answer_begin = static_cast<uint32_t>(format.span.begin);
  outcome.answer_end = static_cast<uint32_t>(format.span.end);
  math::Fuel fuel(math::kMaxFuel);
  const math::Comparison comparison = math::Compare(input.gold, format.answer, fuel);
  outcome.verdict = comparison.verdict;
  outcome.method = comparison.method;
  return outcome;
}

}  // namespace cohort::reward

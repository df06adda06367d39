#include "services/reward/check/check.h"

#include <utility>

#include "common/reward/format/format.h"
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

// The canonical form of `text`; "" when it cannot be parsed, and then *error says why.
std::string CanonicalForm(std::string_view text, std::string* error) {
  math::Fuel fuel(math::kMaxFuel);
  math::Canonicalized canonical = math::Canonicalize(text, fuel);
  *error = std::move(canonical.error);
  return std::move(canonical.canonical);
}

CheckOutcome Parse(const CheckInput& input) {
  CheckOutcome outcome;
  outcome.answer_canonical = CanonicalForm(CheckFormat({input.completion, v1::TEMPLATE_BARE_ANSWER}).answer, &outcome.message);
  outcome.verdict = outcome.message.empty() ? v1::VERDICT_CORRECT : v1::VERDICT_PRED_UNPARSEABLE;
  return outcome;
}

// The verdict on an answer that is not there: the format is wrong, or its place is empty.
v1::Verdict VerdictWithoutAnswer(const FormatOutcome& format, const math::Gold& gold) {
  if (!gold.error().empty()) return v1::VERDICT_GOLD_UNPARSEABLE;
  return format.ok() ? v1::VERDICT_NO_ANSWER : v1::VERDICT_FORMAT;
}

void Explain(const CheckInput& input, const FormatOutcome& format, CheckOutcome& outcome) {
  std::string error;  // The verdict says it.
  outcome.gold_canonical = CanonicalForm(input.gold, &error);
  if (format.has_answer) outcome.answer_canonical = CanonicalForm(format.answer, &error);
}

}  // namespace

CheckOutcome RunCheck(const CheckInput& input) {
  GoldCache golds(1);
  return RunCheck(input, golds);
}

CheckOutcome RunCheck(const CheckInput& input, GoldCache& golds) {
  if (input.kind == CheckKind::kCompileGold) return CompileGold(input);
  if (input.kind == CheckKind::kParse) return Parse(input);
  const FormatOutcome format = CheckFormat({input.completion, input.shape, input.think_prefilled, input.stopped, input.eos_strings, input.min_think_characters});
  CheckOutcome outcome;
  outcome.format_ok = format.ok();
  outcome.format_reason = format.reason;
  outcome.think_bytes = static_cast<uint32_t>(format.think.size());
  outcome.boxes = static_cast<uint32_t>(format.boxes);
  if (input.auxiliary.any()) outcome.auxiliary = MeasureAuxiliary(input.auxiliary, input.completion, input.shape, input.think_prefilled);
  if (input.explain) Explain(input, format, outcome);
  const math::Gold& gold = golds.Read(input.gold, {input.policy, input.secret});
  if (!format.has_answer) {
    outcome.verdict = VerdictWithoutAnswer(format, gold);
    return outcome;
  }
  outcome.answer_begin = static_cast<uint32_t>(format.span.begin);
  outcome.answer_end = static_cast<uint32_t>(format.span.end);
  math::Fuel fuel(math::kMaxFuel);
  const math::Comparison comparison = gold.Compare(format.answer, fuel);
  outcome.verdict = comparison.verdict;
  outcome.method = comparison.method;
  if (input.explain) outcome.rule = comparison.rule;
  return outcome;
}

}  // namespace cohort::reward

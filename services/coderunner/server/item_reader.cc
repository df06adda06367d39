#include "services/coderunner/server/item_reader.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/reward/auxiliary/auxiliary_proto.h"
#include "common/reward/format/format.h"
#include "common/reward/format/template_name.h"
#include "common/reward/format/utf8.h"
#include "common/reward/request/item_check.h"
#include "common/status/status_macros.h"

namespace cohort::coderunner {
namespace {

namespace v1 = reward::v1;

// Whether a program fits into the template's place for the answer.
bool HasRoom(v1::Template shape) { return shape != v1::TEMPLATE_GSM8K_HASH && shape != v1::TEMPLATE_DAPO_ANSWER; }

absl::Status CheckRoom(v1::Template shape) {
  if (HasRoom(shape)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("template ", reward::TemplateName(shape), " has one line for the answer; programs need r1_zero, r1_released, boxed or bare"));
}

reward::FormatInput FormatOf(const v1::ScoreItem& item, v1::Template shape) {
  reward::FormatInput format;
  format.completion = item.completion();
  format.shape = shape;
  format.think_prefilled = item.think_prefilled();
  format.stopped = item.finish_reason() == common::v1::FINISH_REASON_STOP;
  format.eos_strings.assign(item.eos_strings().begin(), item.eos_strings().end());
  return format;
}

std::string Summary(const Problem& problem) {
  return absl::StrCat(problem.tests.size(), problem.is_function() ? absl::StrCat(" tests of the function ", problem.function) : " tests of standard output",
                      problem.language.has_value() ? absl::StrCat(" in ", std::string(NameOf(*problem.language))) : "");
}

}  // namespace

absl::StatusOr<v1::Template> ReadCodePolicy(const std::string& policy_id) {
  COHORT_ASSIGN_OR_RETURN(const reward::PolicyParts parts, reward::SplitPolicyId(policy_id));
  if (parts.settings != reward::kCodeSetting) {
    return absl::InvalidArgumentError(absl::StrCat("policy '", policy_id, "' is none of code rewards; set reward.policy to '", reward::kCodeSetting, "' (or 'TEMPLATE:", reward::kCodeSetting,
                                                   "'), or send mathematics to cohort-reward"));
  }
  COHORT_RETURN_IF_ERROR(CheckRoom(parts.shape));
  return parts.shape;
}

void ItemReader::ReadGold(const std::string& gold) {
  if (gold_.has_value() && *gold_ == gold) return;
  gold_ = gold;
  absl::StatusOr<Problem> problem = ReadProblem(gold);
  gold_error_ = problem.ok() ? "" : std::string(problem.status().message());
  problem_ = problem.ok() ? std::make_shared<const Problem>(*std::move(problem)) : nullptr;
}

absl::StatusOr<PreparedItem> ItemReader::Read(int index, const v1::ScoreItem& item) {
  COHORT_RETURN_IF_ERROR(reward::CheckItem(index, item, reward::kMaxProblemBytes));
  PreparedItem prepared;
  const auto of_policy = ReadCodePolicy(item.policy_id());
  if (!of_policy.ok()) return reward::WrongItem(index, item, of_policy.status().message());
  const auto shape = reward::AgreedTemplate(item.template_(), *of_policy);
  if (!shape.ok()) return reward::WrongItem(index, item, shape.status().message());
  if (const absl::Status room = CheckRoom(*shape); !room.ok()) return reward::WrongItem(index, item, room.message());
  prepared.shape = *shape;
  ReadGold(item.gold_answer());
  prepared.problem = problem_;
  prepared.gold_error = gold_error_;
  prepared.program = ExtractProgram(FormatOf(item, *shape), problem_ != nullptr ? problem_->language : std::nullopt);
  const reward::AuxiliaryRequest auxiliary = reward::AuxiliaryOf(item.auxiliary());
  if (auxiliary.any()) prepared.auxiliary = reward::MeasureAuxiliary(auxiliary, item.completion(), *shape, item.think_prefilled());
  return prepared;
}

void FillResult(const v1::ScoreItem& item, const PreparedItem& prepared, const Judgement* judgement, v1::ScoreResult& result) {
  const ExtractedProgram& program = prepared.program;
  std::string rule = program.why;
  result.set_id(item.id());
  result.set_format_ok(program.reason == v1::FORMAT_REASON_OK);
  result.set_format_reason(program.reason);
  result.set_answer_begin(static_cast<uint32_t>(program.span.begin));
  result.set_answer_end(static_cast<uint32_t>(program.span.end));
  result.set_policy_id(absl::StrCat(reward::TemplateName(prepared.shape), ":", reward::kCodeSetting));
  result.set_verdict(program.verdict);
  if (prepared.problem == nullptr) {
    result.set_verdict(v1::VERDICT_GOLD_UNPARSEABLE);
    rule = absl::StrCat("the reference cannot be read, so nothing is graded: ", prepared.gold_error);
  } else if (judgement != nullptr) {
    result.set_verdict(judgement->verdict);
    result.set_method(judgement->method);
    result.set_micros(judgement->micros);
    rule = judgement->rule;
  }
  reward::FillAuxiliary(prepared.auxiliary, result);
  if (!item.explain()) return;
  v1::Explanation& explanation = *result.mutable_explanation();
  if (prepared.problem != nullptr) explanation.set_gold_canonical(Summary(*prepared.problem));
  explanation.set_answer_canonical(program.source);
  explanation.set_rule(reward::ValidUtf8(rule));
}

}  // namespace cohort::coderunner

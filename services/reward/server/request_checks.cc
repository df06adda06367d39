#include "services/reward/server/request_checks.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/reward/auxiliary/auxiliary_proto.h"
#include "common/reward/format/utf8.h"
#include "common/status/status_macros.h"
#include "services/reward/sandbox/limits.h"
#include "services/reward/server/explanation.h"
#include "services/reward/server/policy_reader.h"

namespace cohort::reward {
namespace {

CheckInput CheckOf(const v1::ScoreItem& item, const GradingPolicy& policy) {
  CheckInput check;
  check.shape = policy.shape;
  check.policy = policy.gold;
  check.min_think_characters = policy.min_think_characters;
  check.explain = item.explain();
  check.think_prefilled = item.think_prefilled();
  check.stopped = item.finish_reason() == common::v1::FINISH_REASON_STOP;
  check.gold = item.gold_answer();
  check.completion = item.completion();
  check.auxiliary = AuxiliaryOf(item.auxiliary());
  check.eos_strings.assign(item.eos_strings().begin(), item.eos_strings().end());
  return check;
}

void FillExplanation(const CheckOutcome& outcome, v1::Explanation& explanation) {
  explanation.set_gold_canonical(ValidUtf8(outcome.gold_canonical));
  explanation.set_answer_canonical(ValidUtf8(outcome.answer_canonical));
  explanation.set_rule(DescribeRule(outcome));
}

}  // namespace

absl::StatusOr<std::vector<CheckInput>> ChecksOf(const ScoreItems& items) {
  COHORT_RETURN_IF_ERROR(CheckBatch(items));
  std::vector<CheckInput> checks;
  checks.reserve(items.size());
  PolicyReader policies;
  for (int i = 0; i < items.size(); ++i) {
    COHORT_RETURN_IF_ERROR(CheckItem(i, items[i], kMaxGoldTransportBytes));
    const absl::StatusOr<const ReadPolicy*> read = policies.Read(items[i].policy_id(), items[i].template_());
    if (!read.ok()) return WrongItem(i, items[i], read.status().message());
    checks.push_back(CheckOf(items[i], (*read)->policy));
  }
  return checks;
}

absl::StatusOr<std::vector<CheckInput>> ChecksOf(const v1::CompileGoldRequest& request) {
  COHORT_RETURN_IF_ERROR(CheckGolds(request));
  std::vector<CheckInput> checks;
  checks.reserve(request.gold_answers_size());
  COHORT_ASSIGN_OR_RETURN(const GradingPolicy policy, ParsePolicyId(request.policy_id()));
  for (int i = 0; i < request.gold_answers_size(); ++i) {
    if (request.gold_answers(i).size() > kMaxGoldTransportBytes) {
      return absl::InvalidArgumentError(absl::StrCat("gold_answers[", i, "] is longer than ", kMaxGoldTransportBytes, " bytes"));
    }
    CheckInput check;
    check.kind = CheckKind::kCompileGold;
    check.gold = request.gold_answers(i);
    check.policy = policy.gold;
    checks.push_back(std::move(check));
  }
  return checks;
}

absl::StatusOr<std::vector<CheckInput>> ChecksOf(const v1::ParseRequest& request) {
  if (request.answers_size() > kMaxItemsPerBatch) {
    return absl::InvalidArgumentError(absl::StrCat("the request has ", request.answers_size(), " answers; at most ", kMaxItemsPerBatch, " are taken at a time"));
  }
  std::vector<CheckInput> checks;
  checks.reserve(request.answers_size());
  for (int i = 0; i < request.answers_size(); ++i) {
    if (request.answers(i).size() > kMaxCompletionBytes) {
      return absl::InvalidArgumentError(absl::StrCat("answers[", i, "] is longer than ", kMaxCompletionBytes, " bytes"));
    }
    CheckInput check;
    check.kind = CheckKind::kParse;
    check.completion = request.answers(i);
    checks.push_back(std::move(check));
  }
  return checks;
}

void FillResults(const ScoreItems& items, const std::vector<CheckOutcome>& outcomes, google::protobuf::RepeatedPtrField<v1::ScoreResult>* results) {
  results->Reserve(items.size());
  PolicyReader policies;
  for (int i = 0; i < items.size(); ++i) {
    const CheckOutcome& outcome = outcomes[i];
    v1::ScoreResult& result = *results->Add();
    result.set_id(items[i].id());
    result.set_format_ok(outcome.format_ok);
    result.set_format_reason(outcome.format_reason);
    result.set_verdict(outcome.verdict);
    result.set_method(outcome.method);
    result.set_answer_begin(outcome.answer_begin);
    result.set_answer_end(outcome.answer_end);
    result.set_micros(outcome.micros);
    if (const auto read = policies.Read(items[i].policy_id(), items[i].template_()); read.ok()) result.set_policy_id((*read)->id);
    FillAuxiliary(outcome.auxiliary, result);
    if (items[i].explain()) FillExplanation(outcome, *result.mutable_explanation());
  }
}

}  // namespace cohort::reward

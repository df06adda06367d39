#include "services/reward/server/explanation.h"

#include "absl/strings/str_cat.h"
#include "common/reward/format/utf8.h"

namespace cohort::reward {
namespace {

const char* DescribeMethod(v1::Method method) {
  switch (method) {
    case v1::METHOD_EXACT: return "exact comparison of rational numbers";
    case v1::METHOD_MODULAR: return "values modulo random primes";
    case v1::METHOD_BALL: return "certified ball arithmetic";
    case v1::METHOD_STRUCTURAL: return "comparison of canonical structure";
    case v1::METHOD_TEXT: return "comparison of folded text";
    default: return "no rule applied";
  }
}

std::string Decider(const CheckOutcome& outcome) {
  const std::string method = DescribeMethod(outcome.method);
  return outcome.rule.empty() ? method : absl::StrCat(method, ": ", ValidUtf8(outcome.rule));
}

}  // namespace

std::string DescribeRule(const CheckOutcome& outcome) {
  switch (outcome.verdict) {
    case v1::VERDICT_CORRECT: return absl::StrCat("equal by ", Decider(outcome));
    case v1::VERDICT_INCORRECT: return absl::StrCat("different by ", Decider(outcome));
    case v1::VERDICT_NO_ANSWER: return "the template's place for the answer holds none";
    case v1::VERDICT_PRED_UNPARSEABLE: return "the answer cannot be parsed as a whole";
    case v1::VERDICT_GOLD_UNPARSEABLE: return "the reference answer cannot be parsed, so nothing is graded";
    case v1::VERDICT_FORMAT: return "the format is wrong, so nothing was extracted";
    case v1::VERDICT_UNKNOWN: return "neither equality nor difference could be proven; counts as wrong";
    case v1::VERDICT_TIMEOUT: return "the check was stopped at its limit; counts as wrong";
    default: return "the service failed";
  }
}

}  // namespace cohort::reward

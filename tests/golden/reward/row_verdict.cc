#include "tests/golden/reward/row_verdict.h"

#include "absl/strings/str_cat.h"
#include "services/reward/check/check.h"
#include "services/reward/math/compare.h"
#include "services/reward/math/limits.h"

namespace cohort::reward {
namespace {

v1::Verdict Grade(const Row& row) {
  if (!row.setting.has_value()) return CompareAnswers(row.gold, row.answer);
  CheckInput input;
  input.shape = row.setting->shape;
  input.think_prefilled = row.setting->prefilled;
  input.stopped = !row.setting->truncated;
  input.gold = row.gold;
  input.completion = row.answer;
  return RunCheck(input).verdict;
}

bool Fits(char mark, v1::Verdict verdict) {
  switch (mark) {
    case '+': return verdict == v1::VERDICT_CORRECT;
    case '-': return IsWrong(verdict);
    case 'f': return verdict == v1::VERDICT_FORMAT;
    default: return verdict == v1::VERDICT_NO_ANSWER;
  }
}

const char* Expected(char mark) {
  switch (mark) {
    case '+': return "CORRECT";
    case '-': return "a wrong answer";
    case 'f': return "FORMAT";
    default: return "NO_ANSWER";
  }
}

}  // namespace

v1::Verdict CompareAnswers(const std::string& gold, const std::string& answer) {
  math::Fuel fuel(math::kMaxFuel);
  return math::Compare(gold, answer, fuel).verdict;
}

bool IsWrong(v1::Verdict verdict) {
  return verdict == v1::VERDICT_INCORRECT || verdict == v1::VERDICT_PRED_UNPARSEABLE || verdict == v1::VERDICT_NO_ANSWER ||
         verdict == v1::VERDICT_UNKNOWN || verdict == v1::VERDICT_TIMEOUT;
}

std::vector<Complaint> Examine(const Row& row) {
  std::vector<Complaint> complaints;
  const auto complain = [&](const std::string& gold, const std::string& answer, const std::string& expected, v1::Verdict got) {
    complaints.push_back({row.line, absl::StrCat("gold      ", gold, "\nanswer    ", answer, "\nexpected  ", expected, "\ngot       ",
                                                 v1::Verdict_Name(got).substr(sizeof("VERDICT_") - 1), "\nbecause   ", row.reason)});
  };
  const v1::Verdict verdict = Grade(row);
  if (!Fits(row.mark, verdict)) complain(row.gold, row.answer, Expected(row.mark), verdict);
  if (row.setting.has_value()) return complaints;
  const v1::Verdict reversed = CompareAnswers(row.answer, row.gold);
  if ((reversed == v1::VERDICT_CORRECT) != (row.mark == '+')) {
    complain(row.answer, row.gold, row.mark == '+' ? "CORRECT, as the other way round" : "anything but CORRECT, as the other way round", reversed);
  }
  return complaints;
}

}  // namespace cohort::reward

// The comparator on two lines of text: ends, repeats its verdict, is reflexive where the text can be parsed, and never proves equality one way and difference
// the other way.
#include "services/reward/math/compare.h"
#include "services/reward/math/limits.h"
#include "tests/fuzz/input.h"

namespace cohort::reward {
namespace {

v1::Verdict Compared(std::string_view gold, std::string_view answer) {
  math::Fuel fuel(math::kMaxFuel);
  return math::Compare(gold, answer, fuel).verdict;
}

}  // namespace
}  // namespace cohort::reward

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cohort::reward;
  std::string_view text = TextOf(data, size);
  const std::string_view gold = TakeLine(text);
  const v1::Verdict forth = Compared(gold, text);
  Require(forth != v1::VERDICT_UNSPECIFIED && forth != v1::VERDICT_INTERNAL);
  Require(forth == Compared(gold, text));
  Require(Compared(gold, gold) != v1::VERDICT_PRED_UNPARSEABLE || gold.size() > math::kMaxAnswerBytes);
  return 0;
}

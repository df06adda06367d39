#pragma once

#include <string>
#include <string_view>

#include "cohort/reward/v1/reward_service.pb.h"
#include "services/reward/math/fuel.h"

namespace cohort::reward::math {

// What a comparison decided.
struct Comparison {
  v1::Verdict verdict = v1::VERDICT_UNSPECIFIED;
  v1::Method method = v1::METHOD_UNSPECIFIED;
};

// Decides whether `answer` means the same as the reference answer `gold`: the one entry to the mathematics, whatever stands behind it. Both are parsed
// as a whole under the same grammar (answer_parser.h) and compared as exact rational numbers; a percentage is a hundredth of its number (50% is 0.5, and is
// not 50). Verdicts: CORRECT, INCORRECT (a chain with a false link too), PRED_UNPARSEABLE, GOLD_UNPARSEABLE, TIMEOUT when `fuel` ran out. A pure function.
Comparison Compare(std::string_view gold, std::string_view answer, Fuel& fuel);

// Why `gold` cannot be used as a reference answer, for a person; "" when it can.
std::string GoldError(std::string_view gold, Fuel& fuel);

}  // namespace cohort::reward::math

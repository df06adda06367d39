#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/reward/math/rational.h"

namespace cohort::reward::math {

// The number that English words in lower case spell: "twenty one", "one hundred and five", "two thirds", "three and a half", "negative four", "fifty percent" (1/2). nullopt
// when any word is left over: "seven apples" is no number, nor are "two three" and "seventh". Up to the thousands of millions. A pure function.
std::optional<Rational> NumberInWords(const std::vector<std::string>& words);

}  // namespace cohort::reward::math

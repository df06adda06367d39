#pragma once

#include <optional>
#include <string_view>

#include "services/reward/math/scalar.h"

namespace cohort::reward::math {

// The letter A to J that an answer chooses although more stands beside it: "Option B", "(B) 5", "B. 5", "\textbf{(B)}\ 12\pi", with what stands behind the letter in `rest` ("5";
// "" for nothing). nullopt when there is no such mark, or when another letter of a choice or a joining or negating word stands behind it.
struct Choice {
  char letter;
  std::string_view rest;
};
std::optional<Choice> ReadChoice(std::string_view answer);

// Whether what was read behind the letter may be the text of that choice: a formula. Words could take the choice back or make another ("never mind, c"), and so could a letter.
bool MayStandBehindChoice(View view);

}  // namespace cohort::reward::math

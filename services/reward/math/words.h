#pragma once

#include <optional>
#include <string_view>

#include "services/reward/math/ast.h"

namespace cohort::reward::math {

// An answer in words, rewritten to ASCII and letters (unicode.h): a date ("March 5, 2020", "5 March", "2020-03-05"), a time ("2:30 pm", "14:30"), or plain text,
// whose case, white space and punctuation are folded. Lists of words ("Alice and Bob") become lists. nullopt for everything that has a sign of mathematics in it.
std::optional<Ast> ParseDateOrTime(std::string_view text);
std::optional<Ast> ParseWords(std::string_view text);

}  // namespace cohort::reward::math

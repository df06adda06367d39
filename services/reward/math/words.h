#pragma once

#include <optional>
#include <string_view>

#include "services/reward/math/ast.h"

namespace cohort::reward::math {

// Phrases that stand for sets.
inline constexpr std::string_view kNoSolution = "no solution";
inline constexpr std::string_view kAllReals = "all real numbers";
inline constexpr std::string_view kAllPositiveReals = "all positive real numbers";
inline constexpr std::string_view kAllNegativeReals = "all negative real numbers";
inline constexpr std::string_view kAllNonnegativeReals = "all nonnegative real numbers";
inline constexpr std::string_view kAllIntegers = "all integers";
inline constexpr std::string_view kAllPositiveIntegers = "all positive integers";

// An answer in words, rewritten to ASCII and letters (unicode.h): a date ("March 5, 2020", "5 March", "2020-03-05"), a time ("2:30 pm", "14:30"), or plain text,
// whose case, white space and punctuation are folded. Lists of words ("Alice and Bob") become lists. nullopt for everything that has a sign of mathematics in it.
//
// A text keeps what was written beside what it was folded to. Phrases that mean the same, such as "no solutions" and "no solution", are folded to one of them.
std::optional<Ast> ParseDateOrTime(std::string_view text);
std::optional<Ast> ParseWords(std::string_view text);

// Whether it is a word for a quantity that problems ask for, such as "Area"; in front of a sign of equality it is a name like every other.
bool NamesQuantity(std::string_view text);

// The remainder modulo 2 of which a number "is odd" or "is even"; -1 for all other words.
int ParityOf(std::string_view words);

}  // namespace cohort::reward::math

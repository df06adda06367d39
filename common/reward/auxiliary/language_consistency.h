#pragma once

#include <string_view>

#include "cohort/reward/v1/reward_service.pb.h"

namespace cohort::reward {

// The share of words of a reasoning that are in the target language (the reward that R1 adds in its second stage):
//
//   words in a script of the language / words in any script,   in [0, 1];  0 for a reasoning without words.
//
// A word is a run of letters of one script; a character of a script without spaces (Han, kana, Thai) is a word of its own. Neutral, that is counted
// neither above nor below: numbers and signs, formulas ($..$, \(..\), \[..\], commands), code (`..`, ```..```), tags, single letters (names of
// variables) and names of functions (sin, log). Languages are told by their script alone, so English is any text in Latin letters.
// A formula or code without an end is text. A pure function of linear time.
double LanguageConsistency(std::string_view reasoning, v1::Language language);

}  // namespace cohort::reward

#pragma once

#include <string_view>

namespace cohort::reward {

// The smallest and largest n of the repetition penalty.
inline constexpr int kMinRepetitionNgram = 2;
inline constexpr int kMaxRepetitionNgram = 64;

// How much a text repeats itself: -(1 - different n-grams / n-grams), in (-1, 0]; 0 when it has fewer than `n` units.
//
// An n-gram is `n` units in a row (units.h): words, numbers, signs, characters of scripts without spaces; runs without a space are cut, so a text that
// repeats itself without spaces is punished alike. A pure function; time n log n in the text.
double RepetitionPenalty(std::string_view text, int n);

}  // namespace cohort::reward

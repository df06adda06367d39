#pragma once

#include <cstddef>

namespace cohort::reward {

// Limits of the format check (RS-1, rules 3 and 4).

// Longest answer segment of R1_ZERO in bytes, tags excluded. The longest reference answer of common data sets has 159 characters.
inline constexpr size_t kMaxAnswerSegmentBytes = 1024;

// Fewest characters of thinking, white space and invisible characters taken out, unless a policy asks for more.
inline constexpr size_t kMinThinkCharacters = 1;

}  // namespace cohort::reward

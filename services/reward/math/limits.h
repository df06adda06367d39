#pragma once

#include <cstddef>
#include <cstdint>

namespace cohort::reward::math {

// Limits of the comparison. What passes one cannot be parsed; it is never cut short.

// Longest answer in bytes.
inline constexpr size_t kMaxAnswerBytes = 1024;

// Longest reference answer in bytes. It comes from the data set, not from a model, and may be a long literal.
inline constexpr size_t kMaxGoldBytes = 16 * 1024;

// Most digits of one literal, before and after the decimal point together.
inline constexpr size_t kMaxDigits = 10'000;

// Most terms of a chain a = b = c.
inline constexpr size_t kMaxChainTerms = 16;

// Steps one comparison may take (soft limit); a step is a few nanoseconds. The comparison of two literals at their limits takes less than 100,000.
inline constexpr int64_t kMaxFuel = 10'000'000;

}  // namespace cohort::reward::math

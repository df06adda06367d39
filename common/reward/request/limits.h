#pragma once

#include <cstddef>

namespace cohort::reward {

// Limits of requests to reward services, checked before anything reads what the model wrote.
inline constexpr int kMaxItemsPerBatch = 4'096;
inline constexpr int kMaxGoldsPerBatch = 65'536;
inline constexpr size_t kMaxCompletionBytes = 4 << 20;
inline constexpr size_t kMaxGoldTransportBytes = 64 * 1024;  // Of a reference answer of mathematics that travels; the grader bounds what it parses.
inline constexpr size_t kMaxProblemBytes = 4 << 20;          // Of a reference of code rewards: a document with all tests.
inline constexpr size_t kMaxEosStrings = 16;
inline constexpr size_t kMaxEosBytes = 256;

}  // namespace cohort::reward

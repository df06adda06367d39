#pragma once

#include <cstddef>
#include <cstdint>

namespace cohort::reward::math {

// Limits of the comparison. What passes one cannot be parsed or stays undecided; nothing is ever cut short.

// Longest answer in bytes.
inline constexpr size_t kMaxAnswerBytes = 8 * 1024;

// Longest reference answer in bytes. It comes from the data set, not from a model, and may be a long literal.
inline constexpr size_t kMaxGoldBytes = 16 * 1024;

// Most digits of one literal, before and after the decimal point together.
inline constexpr size_t kMaxDigits = 10'000;

// Most nodes of a parsed answer.
inline constexpr size_t kMaxNodes = 8192;

// Most brackets, groups, arguments and operators open at one place.
inline constexpr size_t kMaxDepth = 64;

// Most bytes of a subscript, which is part of a name.
inline constexpr size_t kMaxSubscriptBytes = 32;

// Most different names in it.
inline constexpr size_t kMaxNames = 256;

// Most bytes of the name of a thing.
inline constexpr size_t kMaxWordBytes = 64;

// Longest date or time of day in bytes.
inline constexpr size_t kMaxSpokenBytes = 80;

// Most terms of a chain a = b = c.
inline constexpr size_t kMaxChainTerms = 16;

// Most signs ± of one answer; each doubles the number of values.
inline constexpr size_t kMaxPlusMinus = 4;

// Most rows times columns of a matrix.
inline constexpr size_t kMaxMatrixEntries = 256;

// Most rows of a determinant.
inline constexpr size_t kMaxDeterminant = 5;

// Most members of a set, list or tuple.
inline constexpr size_t kMaxElements = 1024;

// Most bits of a number that is computed exactly; what is larger is compared by residues.
inline constexpr int64_t kMaxExactBits = int64_t{1} << 20;

// Most terms that the sums and products of one text are added up from, all together.
inline constexpr int64_t kMaxSumTerms = 10'000;

// Largest n of which n! is computed.
inline constexpr int64_t kMaxFactorial = 20'000;

// Working precision of ball arithmetic in bits: first attempt, and cap.
inline constexpr int64_t kMinPrecision = 64;
inline constexpr int64_t kMaxPrecision = 4096;

// Two numbers count as equal when their balls still overlap at a relative accuracy of at least so many bits, more where long literals stand in them.
inline constexpr int64_t kAgreementBits = 256;

// Most bits in which two constants may differ for equal residues to mean equality (see modular.h). A difference of 2^34 bits has fewer than 2^29 prime
// divisors of 61 bits among the 2^54 there are, so that three random primes all divide it with a probability below 2^-75.
inline constexpr int64_t kMaxResidueBits = int64_t{1} << 34;

// Highest degree of a polynomial whose roots are compared.
inline constexpr int64_t kMaxDegree = 24;

// Most bits of a coefficient of such a polynomial: roots that lie near each other cost time.
inline constexpr int64_t kMaxCoefficientBits = 256;

// Steps one comparison may take (soft limit); a step is about two nanoseconds.
inline constexpr int64_t kMaxFuel = 10'000'000;

}  // namespace cohort::reward::math

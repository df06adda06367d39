#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "common/arithmetic/problem.h"
#include "common/random/philox.h"

namespace cohort::arithmetic {

struct ProblemOptions {
  double two_digit_share = 0.35;    // The others have three digits.
  double subtraction_share = 0.50;  // The others are additions.

  // INVALID_ARGUMENT names the option that is not in [0, 1].
  absl::Status Validate() const;
};

// An endless sequence of problems of one split, operands uniform over their number of digits; a function of (options, split, seed) alone, the same
// on every machine. Problems repeat. Not thread-safe.
class ProblemSampler {
 public:
  // `options` must be valid.
  ProblemSampler(const ProblemOptions& options, Split split, uint64_t seed);

  Problem Next();

 private:
  ProblemOptions options_;
  Split split_;
  random::Stream stream_;
};

}  // namespace cohort::arithmetic

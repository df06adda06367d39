#pragma once

#include <string>

#include "common/arithmetic/problem.h"
#include "common/random/philox.h"

namespace cohort::arithmetic {

// A way to an answer, as text and as the number it arrives at.
struct Worked {
  std::string text;
  int result = 0;
};

// Works `problem` digit by digit, from the ones, with carries or borrows written out:
// "ones 9 + 5 = 14, tens 8 + 5 + 1 = 14, hundreds 2 + 9 + 1 = 12; ". Each step is off by one or two with probability `slip_share`; a slip propagates
// into the carry and the result, as it would by hand.
Worked WorkSteps(const Problem& problem, double slip_share, random::Stream& stream);

// What a careless person says at once: right with probability `right_share`, otherwise wrong: half the time carries are forgotten (where that changes
// the answer), else one digit is another.
int Guess(const Problem& problem, double right_share, random::Stream& stream);

}  // namespace cohort::arithmetic

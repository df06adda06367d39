#pragma once

#include <cstdint>
#include <string>

namespace cohort::arithmetic {

enum class Operation { kAddition, kSubtraction };

// `left operation right`, both with `digits` decimal digits; a subtraction is never negative.
struct Problem {
  int digits = 0;
  int left = 0;
  int right = 0;
  Operation operation = Operation::kAddition;

  int Answer() const { return operation == Operation::kAddition ? left + right : left - right; }

  // As a person writes it: "289 + 955".
  std::string Text() const;

  // Digit of an operand at `place`, counted from the ones (0).
  int LeftDigit(int place) const;
  int RightDigit(int place) const;

  friend bool operator==(const Problem&, const Problem&) = default;
};

// Which of the two disjoint sets a problem belongs to.
enum class Split { kTraining, kHeldOut };

// A fixed hash of the problem puts one in ten aside, so that corpus, training problems and held-out problems made in different places, with
// different seeds, never overlap.
Split SplitOf(const Problem& problem);

}  // namespace cohort::arithmetic

#include "common/arithmetic/worked_steps.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "glog/logging.h"

namespace cohort::arithmetic {
namespace {

constexpr std::array<const char*, 3> kPlaces = {"ones ", "tens ", "hundreds "};
constexpr std::array<int, 4> kSlips = {-2, -1, 1, 2};

// The answer of somebody who adds or subtracts each column by itself.
int AnswerWithoutCarries(const Problem& problem) {
  int result = 0;
  for (int place = 0, unit = 1; place < problem.digits; ++place, unit *= 10) {
    const int x = problem.LeftDigit(place), y = problem.RightDigit(place);
    const bool leading = place == problem.digits - 1;
    const int column = problem.operation == Operation::kSubtraction ? (x - y + 10) % 10 : leading ? x + y : (x + y) % 10;
    result += column * unit;
  }
  return result;
}

// `value` with one digit changed; a number of several digits keeps a leading digit other than 0.
int WithOneDigitChanged(int value, random::Stream& stream) {
  std::string digits = absl::StrCat(value);
  const uint32_t position = stream.NextBelow(digits.size());
  const char lowest = position == 0 && digits.size() > 1 ? '1' : '0';
  char digit = lowest + static_cast<char>(stream.NextBelow('9' - lowest));  // One of the others: those from the old digit on move up by one.
  if (digit >= digits[position]) ++digit;
  digits[position] = digit;
  int changed = 0;
  CHECK(absl::SimpleAtoi(digits, &changed));
  return changed;
}

}  // namespace

Worked WorkSteps(const Problem& problem, double slip_share, random::Stream& stream) {
  Worked worked;
  int carry = 0;
  for (int place = 0, unit = 1; place < problem.digits; ++place, unit *= 10) {
    const bool addition = problem.operation == Operation::kAddition;
    const int y = problem.RightDigit(place);
    int x = problem.LeftDigit(place);
    int next_carry = 0;
    if (!addition && x < y + carry) {
      x += 10;
      next_carry = 1;
    }
    int step = addition ? x + y + carry : x - y - carry;
    if (stream.NextDouble() < slip_share) step = std::max(0, step + kSlips[stream.NextBelow(kSlips.size())]);
    const char* sign = addition ? " + " : " - ";
    absl::StrAppend(&worked.text, place > 0 ? ", " : "", kPlaces[place], x, sign, y, carry > 0 ? absl::StrCat(sign, 1) : "", " = ", step);
    const bool leading = place == problem.digits - 1;
    if (addition) next_carry = step / 10;
    worked.result += (addition && leading ? step : step % 10) * unit;
    carry = next_carry;
  }
  worked.text += "; ";
  return worked;
}

int Guess(const Problem& problem, double right_share, random::Stream& stream) {
  const int answer = problem.Answer();
  if (stream.NextDouble() < right_share) return answer;
  if (stream.NextDouble() < 0.5) {
    const int guess = AnswerWithoutCarries(problem);
    if (guess != answer) return guess;
  }
  return WithOneDigitChanged(answer, stream);
}

}  // namespace cohort::arithmetic

#pragma once

#include <string>
#include <string_view>

#include "services/coderunner/problem/json_value.h"
#include "services/coderunner/problem/problem.h"

namespace cohort::coderunner {

// Compares in the trusted process; "" when equal, else where they differ, for a person. Pure functions, linear in their input.

// The whole output of a program, by `rule`. With a tolerance above 0 every token that is a decimal number on both sides may differ by so much
// (NumbersAgree); all other tokens are equal, and under kLines the lines have equally many.
std::string CompareText(std::string_view expected, std::string_view actual, TextRule rule, double tolerance);

// The result of a function. Kinds do not mix: true is not 1, "1" is not 1, null is only null; integers and floats are both numbers and are compared by their
// exact value, or within the tolerance. Arrays by position, objects by key.
std::string CompareValues(const JsonValue& expected, const JsonValue& actual, double tolerance);

// |expected - actual| <= tolerance * max(1, |expected|).
bool NumbersAgree(double expected, double actual, double tolerance);

}  // namespace cohort::coderunner

#pragma once

#include "services/reward/math/scalar.h"

namespace cohort::reward::math {

// Whether two answers of any type mean the same (README.md has the table of types and coercions). `a` is the reference answer where a policy makes a difference.
// Nested parts are compared the same way; brackets bound the nesting.
Decision CompareAnswers(View a, View b, const Context& context);
// The same, with their canonical forms at hand.
Decision CompareAnswers(View a, const Form& form_a, View b, const Form& form_b, const Context& context);

}  // namespace cohort::reward::math

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/golden/reward/metamorphic/choices.h"

namespace cohort::reward::metamorphic {

// Texts whose verdicts are known because of how they were made.
struct Case {
  std::string_view kind;
  std::vector<std::string> same;       // Three texts that mean the same.
  std::vector<std::string> different;  // Texts that mean something else; none where no change could be certified.
};

// The kinds of answers, plainest first.
const std::vector<std::string_view>& Kinds();

// A random case; its kind is the first choice.
Case MakeCase(Choices& choices);

// One kind each.
Case RationalCase(Choices& choices);
Case PolynomialCase(Choices& choices);
Case ConstantCase(Choices& choices);
Case RationalFunctionCase(Choices& choices);
Case FunctionCase(Choices& choices);
Case ComplexCase(Choices& choices);
Case SetCase(Choices& choices);
Case ListCase(Choices& choices);
Case TupleCase(Choices& choices);
Case MatrixCase(Choices& choices);
Case CurveCase(Choices& choices);
Case RootsCase(Choices& choices);
Case RayCase(Choices& choices);
Case IntervalCase(Choices& choices);
Case UnionCase(Choices& choices);
Case CongruenceCase(Choices& choices);
Case QuantityCase(Choices& choices);
Case AngleCase(Choices& choices);
Case MoneyCase(Choices& choices);
Case RatioCase(Choices& choices);
Case NumeralCase(Choices& choices);
Case DateCase(Choices& choices);
Case TimeCase(Choices& choices);
Case ChoiceCase(Choices& choices);
Case TextCase(Choices& choices);

}  // namespace cohort::reward::metamorphic

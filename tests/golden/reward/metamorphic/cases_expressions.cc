// Expressions: one tree, rewritten and typeset in several ways; and a tree with one change.
#include "tests/golden/reward/metamorphic/cases.h"
#include "tests/golden/reward/metamorphic/grow.h"
#include "tests/golden/reward/metamorphic/mutate.h"
#include "tests/golden/reward/metamorphic/rewrite.h"
#include "tests/golden/reward/metamorphic/write.h"

namespace cohort::reward::metamorphic {
namespace {

std::string Typeset(const TreePtr& tree, Choices& choices) {
  const Script script = PickScript(choices);
  const std::string text = Write(tree, script, choices);
  return Surround(text, choices);
}

Case ExpressionCase(Flavour flavour, Choices& choices) {
  constexpr int kSteps = 3;
  TreePtr tree = Grow(flavour, choices);
  if (Liken(tree, tree) != Likeness::kSame) tree = GrowNumber(choices);  // It divides by zero, or is too large to be sure of.
  Case made;
  for (int i = 0; i < 3; ++i) {
    const TreePtr rewritten = Rewrite(tree, static_cast<int>(choices.Below(kSteps + 1)), choices);
    made.same.push_back(Typeset(rewritten, choices));
  }
  if (const TreePtr changed = Mutate(tree, choices)) {
    const TreePtr rewritten = Rewrite(changed, static_cast<int>(choices.Below(kSteps)), choices);
    made.different.push_back(Typeset(rewritten, choices));
  }
  return made;
}

}  // namespace

Case PolynomialCase(Choices& choices) { return ExpressionCase(Flavour::kPolynomial, choices); }
Case ConstantCase(Choices& choices) { return ExpressionCase(Flavour::kConstant, choices); }
Case RationalFunctionCase(Choices& choices) { return ExpressionCase(Flavour::kRational, choices); }
Case FunctionCase(Choices& choices) { return ExpressionCase(Flavour::kFunction, choices); }
Case ComplexCase(Choices& choices) { return ExpressionCase(Flavour::kComplex, choices); }

}  // namespace cohort::reward::metamorphic

#include "tests/golden/reward/metamorphic/grow.h"

namespace cohort::reward::metamorphic {
namespace {

constexpr char kVariables[] = {'x', 'y', 'n', 'a', 'b', 't'};
constexpr int kDepth = 3;

TreePtr SmallNatural(Choices& choices) { return Number(choices.Between(2, 12)); }

TreePtr Irrational(Choices& choices) {
  switch (choices.Below(8)) {
    case 0: return Apply(Op::kSqrt, SmallNatural(choices));
    case 1: return Constant(Op::kPi);
    case 2: return Constant(Op::kE);
    case 3: return Apply(Op::kLn, SmallNatural(choices));
    case 4: return Apply(choices.Coin() ? Op::kSin : Op::kCos, Divide(Multiply(Number(choices.Between(1, 5)), Constant(Op::kPi)), Number(choices.Between(5, 12))));
    case 5: return Apply(Op::kCubeRoot, SmallNatural(choices));
    case 6: return Apply(Op::kSqrt, Add(SmallNatural(choices), Apply(Op::kSqrt, SmallNatural(choices))));
    default: return Power(SmallNatural(choices), Number(choices.Between(-3, 3), choices.Between(2, 4)));
  }
}

TreePtr Leaf(Flavour flavour, Choices& choices) {
  if (choices.Coin()) return GrowNumber(choices);
  switch (flavour) {
    case Flavour::kConstant: return choices.OneIn(6) ? Apply(Op::kFactorial, Number(choices.Between(0, 7))) : Irrational(choices);
    case Flavour::kComplex: return choices.OneIn(3) ? Apply(Op::kSqrt, SmallNatural(choices)) : Constant(Op::kI);
    default: return Variable(choices.Pick(kVariables));
  }
}

TreePtr GrowAt(Flavour flavour, int depth, Choices& choices);

// A function of a variable that exists for every real number, or a root or logarithm of a variable.
TreePtr FunctionOf(int depth, Choices& choices) {
  const TreePtr inner = GrowAt(Flavour::kPolynomial, depth - 1, choices);
  switch (choices.Below(8)) {
    case 0: return Apply(Op::kSin, inner);
    case 1: return Apply(Op::kCos, inner);
    case 2: return Apply(Op::kExp, inner);
    case 3: return Apply(Op::kAbs, inner);
    case 4: return Apply(Op::kSqrt, Add(Power(inner, Number(2)), SmallNatural(choices)));
    case 5: return Apply(Op::kSqrt, Variable(choices.Pick(kVariables)));
    case 6: return Apply(Op::kLn, Add(Power(inner, Number(2)), SmallNatural(choices)));
    default: return Power(SmallNatural(choices), Variable(choices.Pick(kVariables)));
  }
}

TreePtr GrowAt(Flavour flavour, int depth, Choices& choices) {
  if (depth == 0) return Leaf(flavour, choices);
  const auto grow = [&] { return GrowAt(flavour, depth - 1, choices); };
  switch (choices.Below(8)) {
    case 0: return Leaf(flavour, choices);
    case 1: return Negate(grow());
    case 2: return Power(grow(), Number(choices.Between(2, 3)));
    case 3: {
      if (flavour == Flavour::kRational) return Divide(grow(), Add(Power(grow(), Number(2)), SmallNatural(choices)));
      if (flavour == Flavour::kFunction) return FunctionOf(depth, choices);
      return Divide(grow(), flavour == Flavour::kPolynomial ? SmallNatural(choices) : Add(SmallNatural(choices), Leaf(flavour, choices)));
    }
    case 4:
    case 5: {
      TreePtr first = grow(), second = grow();
      return Add(first, second);
    }
    default: {
      TreePtr first = grow(), second = grow();
      return Multiply(first, second);
    }
  }
}

}  // namespace

TreePtr GrowNumber(Choices& choices) {
  const int64_t size = choices.OneIn(4) ? choices.Between(10, 150) : choices.Between(1, 9);
  const int64_t denominators[] = {1, 1, 2, 3, 4, 5, 7, 10};
  const int64_t denominator = choices.Pick(denominators);
  return Number(choices.OneIn(4) ? -size : size, denominator);
}

TreePtr Grow(Flavour flavour, Choices& choices) { return GrowAt(flavour, 1 + static_cast<int>(choices.Below(kDepth)), choices); }

}  // namespace cohort::reward::metamorphic

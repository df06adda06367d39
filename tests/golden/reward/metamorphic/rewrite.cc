#include "tests/golden/reward/metamorphic/rewrite.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace cohort::reward::metamorphic {
namespace {

constexpr int kLargestTree = 60;

// A rule gives the node in another form, or nullptr where it does not apply.
using Rule = TreePtr (*)(const TreePtr& node, Choices& choices);

bool Is(const TreePtr& node, Op op) { return node->op == op; }
bool IsNatural(const TreePtr& node, int64_t least) { return node->IsInteger() && node->numerator >= least; }

TreePtr Half(const TreePtr& node) { return Divide(node, Number(2)); }
TreePtr Square(const TreePtr& node) { return Power(node, Number(2)); }

TreePtr Swap(const TreePtr& node, Choices&) {
  if (!Is(node, Op::kAdd) && !Is(node, Op::kMultiply)) return nullptr;
  return Make(node->op, {node->kids.rbegin(), node->kids.rend()});
}

TreePtr Regroup(const TreePtr& node, Choices&) {  // (a + b) + c = a + (b + c)
  if ((!Is(node, Op::kAdd) && !Is(node, Op::kMultiply)) || node->kids[0]->op != node->op) return nullptr;
  return Make(node->op, {node->kids[0]->kids[0], Make(node->op, {node->kids[0]->kids[1], node->kids[1]})});
}

TreePtr Distribute(const TreePtr& node, Choices&) {
  if (!Is(node, Op::kMultiply) || !Is(node->kids[1], Op::kAdd)) return nullptr;
  const TreePtr& factor = node->kids[0];
  return Add(Multiply(factor, node->kids[1]->kids[0]), Multiply(factor, node->kids[1]->kids[1]));
}

TreePtr TakeOutNumber(const TreePtr& node, Choices& choices) {  // a + b = k (a/k + b/k)
  if (!Is(node, Op::kAdd)) return nullptr;
  const TreePtr k = Number(choices.Between(2, 5));
  return Multiply(k, Add(Divide(node->kids[0], k), Divide(node->kids[1], k)));
}

TreePtr SplitFraction(const TreePtr& node, Choices&) {  // (a + b)/c = a/c + b/c
  if (!Is(node, Op::kDivide) || !Is(node->kids[0], Op::kAdd)) return nullptr;
  return Add(Divide(node->kids[0]->kids[0], node->kids[1]), Divide(node->kids[0]->kids[1], node->kids[1]));
}

TreePtr ExtendFraction(const TreePtr& node, Choices& choices) {
  if (!Is(node, Op::kDivide)) return nullptr;
  const TreePtr k = Number(choices.Between(2, 9));
  return Divide(Multiply(k, node->kids[0]), Multiply(k, node->kids[1]));
}

TreePtr AsProductWithInverse(const TreePtr& node, Choices&) {
  return Is(node, Op::kDivide) ? Multiply(node->kids[0], Power(node->kids[1], Number(-1))) : nullptr;
}

TreePtr UnreducedNumber(const TreePtr& node, Choices& choices) {
  if (!Is(node, Op::kNumber)) return nullptr;
  const int64_t k = choices.Between(2, 9);
  return Divide(Number(node->numerator * k), Number(node->denominator * k));
}

TreePtr NegateTwice(const TreePtr& node, Choices&) { return Is(node, Op::kAdd) ? Negate(Subtract(Negate(node->kids[0]), node->kids[1])) : nullptr; }

TreePtr MoveSign(const TreePtr& node, Choices&) {
  if (!Is(node, Op::kNegate) || node->kids[0]->kids.size() != 2) return nullptr;
  const TreePtr& inner = node->kids[0];
  if (Is(inner, Op::kMultiply) || Is(inner, Op::kDivide)) return Make(inner->op, {Negate(inner->kids[0]), inner->kids[1]});
  return Is(inner, Op::kAdd) ? Add(Negate(inner->kids[0]), Negate(inner->kids[1])) : nullptr;
}

TreePtr AddNothing(const TreePtr& node, Choices& choices) {
  if (Is(node, Op::kNumber) || !choices.OneIn(3)) return nullptr;  // Fits everywhere, so it would crowd out the others.
  const TreePtr term = Number(choices.Between(1, 9));
  return Subtract(Add(node, term), term);
}

TreePtr UnfoldPower(const TreePtr& node, Choices&) {  // u^n = u · u^(n-1)
  if (!Is(node, Op::kPower) || !IsNatural(node->kids[1], 2)) return nullptr;
  const TreePtr& base = node->kids[0];
  return node->kids[1]->numerator == 2 ? Multiply(base, base) : Multiply(base, Power(base, Number(node->kids[1]->numerator - 1)));
}

TreePtr ExpandSquare(const TreePtr& node, Choices&) {
  if (!Is(node, Op::kPower) || !Is(node->kids[0], Op::kAdd) || !node->kids[1]->IsInteger() || node->kids[1]->numerator != 2) return nullptr;
  const TreePtr &a = node->kids[0]->kids[0], &b = node->kids[0]->kids[1];
  return Add(Add(Square(a), Multiply(Number(2), Multiply(a, b))), Square(b));
}

TreePtr ProductAsSquares(const TreePtr& node, Choices&) {  // ab = ((a+b)² - (a-b)²)/4
  if (!Is(node, Op::kMultiply) || Size(node) > 9) return nullptr;
  const TreePtr &a = node->kids[0], &b = node->kids[1];
  return Divide(Subtract(Square(Add(a, b)), Square(Subtract(a, b))), Number(4));
}

TreePtr NegativePower(const TreePtr& node, Choices&) {
  if (!Is(node, Op::kPower) || !Is(node->kids[1], Op::kNumber) || node->kids[1]->numerator >= 0) return nullptr;
  return Divide(Number(1), Power(node->kids[0], Number(-node->kids[1]->numerator, node->kids[1]->denominator)));
}

TreePtr RootAsPower(const TreePtr& node, Choices&) {
  if (Is(node, Op::kSqrt)) return Power(node->kids[0], Number(1, 2));
  return Is(node, Op::kCubeRoot) && IsNatural(node->kids[0], 0) ? Power(node->kids[0], Number(1, 3)) : nullptr;
}

TreePtr TakeOutSquare(const TreePtr& node, Choices&) {
  if (!Is(node, Op::kSqrt) || !IsNatural(node->kids[0], 2)) return nullptr;
  for (int64_t k = 12; k >= 2; --k) {
    if (node->kids[0]->numerator % (k * k) == 0) return Multiply(Number(k), Apply(Op::kSqrt, Number(node->kids[0]->numerator / (k * k))));
  }
  return nullptr;
}

TreePtr PutUnderRoot(const TreePtr& node, Choices& choices) {  // √n = √(k²n)/k
  if (!Is(node, Op::kSqrt)) return nullptr;
  const int64_t k = choices.Between(2, 4);
  const TreePtr inner = node->kids[0]->IsInteger() ? Number(node->kids[0]->numerator * k * k) : Multiply(Number(k * k), node->kids[0]);
  return Divide(Apply(Op::kSqrt, inner), Number(k));
}

TreePtr Rationalise(const TreePtr& node, Choices&) {  // a/√n = a√n/n, a/(b+√n) = a(b-√n)/(b²-n)
  if (!Is(node, Op::kDivide)) return nullptr;
  const TreePtr &a = node->kids[0], &bottom = node->kids[1];
  if (Is(bottom, Op::kSqrt)) return Divide(Multiply(a, bottom), bottom->kids[0]);
  if (!Is(bottom, Op::kAdd) || !bottom->kids[0]->IsInteger() || !Is(bottom->kids[1], Op::kSqrt) || !bottom->kids[1]->kids[0]->IsInteger()) return nullptr;
  const int64_t b = bottom->kids[0]->numerator, norm = b * b - bottom->kids[1]->kids[0]->numerator;
  if (norm == 0) return nullptr;
  return Divide(Multiply(a, Subtract(bottom->kids[0], bottom->kids[1])), Number(norm));
}

TreePtr SquaresOfSineAndCosine(const TreePtr& node, Choices& choices) {
  if (Is(node, Op::kNumber) || !choices.OneIn(4)) return nullptr;
  const TreePtr angle = Number(choices.Between(1, 5));
  return Multiply(node, Add(Square(Apply(Op::kSin, angle)), Square(Apply(Op::kCos, angle))));
}

TreePtr DoubleAngle(const TreePtr& node, Choices&) {
  if (Is(node, Op::kSin)) return Multiply(Number(2), Multiply(Apply(Op::kSin, Half(node->kids[0])), Apply(Op::kCos, Half(node->kids[0]))));
  return Is(node, Op::kCos) ? Subtract(Number(1), Multiply(Number(2), Square(Apply(Op::kSin, Half(node->kids[0]))))) : nullptr;
}

TreePtr Complement(const TreePtr& node, Choices&) {
  if (!Is(node, Op::kSin) && !Is(node, Op::kCos)) return nullptr;
  return Apply(Is(node, Op::kSin) ? Op::kCos : Op::kSin, Subtract(Half(Constant(Op::kPi)), node->kids[0]));
}

TreePtr FlipAngle(const TreePtr& node, Choices&) {
  if (Is(node, Op::kSin)) return Negate(Apply(Op::kSin, Negate(node->kids[0])));
  return Is(node, Op::kCos) || Is(node, Op::kAbs) ? Apply(node->op, Negate(node->kids[0])) : nullptr;
}

TreePtr TangentAsQuotient(const TreePtr& node, Choices&) {
  return Is(node, Op::kTan) ? Divide(Apply(Op::kSin, node->kids[0]), Apply(Op::kCos, node->kids[0])) : nullptr;
}

TreePtr ExponentialLaw(const TreePtr& node, Choices&) {
  if (!Is(node, Op::kExp)) return nullptr;
  const TreePtr& inner = node->kids[0];
  return Is(inner, Op::kAdd) ? Multiply(Apply(Op::kExp, inner->kids[0]), Apply(Op::kExp, inner->kids[1])) : Square(Apply(Op::kExp, Half(inner)));
}

TreePtr ExponentialAsPower(const TreePtr& node, Choices&) { return Is(node, Op::kExp) ? Power(Constant(Op::kE), node->kids[0]) : nullptr; }

TreePtr PowerOfSum(const TreePtr& node, Choices&) {  // k^n = k · k^(n-1)
  if (!Is(node, Op::kPower) || !IsNatural(node->kids[0], 2) || !Is(node->kids[1], Op::kVariable)) return nullptr;
  return Multiply(node->kids[0], Power(node->kids[0], Subtract(node->kids[1], Number(1))));
}

TreePtr LogarithmLaw(const TreePtr& node, Choices& choices) {  // ln n = ln(kn) - ln k, ln n = ln(n²)/2
  if (!Is(node, Op::kLn) || !IsNatural(node->kids[0], 2)) return nullptr;
  const int64_t n = node->kids[0]->numerator, k = choices.Between(2, 5);
  if (choices.Coin()) return Half(Apply(Op::kLn, Number(n * n)));
  return Subtract(Apply(Op::kLn, Number(n * k)), Apply(Op::kLn, Number(k)));
}

TreePtr SizeAsRoot(const TreePtr& node, Choices&) { return Is(node, Op::kAbs) ? Apply(Op::kSqrt, Square(node->kids[0])) : nullptr; }

TreePtr FactorialLaw(const TreePtr& node, Choices& choices) {
  if (!Is(node, Op::kFactorial) || !IsNatural(node->kids[0], 1)) return nullptr;
  const int64_t n = node->kids[0]->numerator;
  if (choices.Coin()) return Multiply(node->kids[0], Apply(Op::kFactorial, Number(n - 1)));
  return Divide(Apply(Op::kFactorial, Number(n + 1)), Number(n + 1));
}

TreePtr ImaginaryInverse(const TreePtr& node, Choices&) { return Is(node, Op::kI) ? Negate(Divide(Number(1), node)) : nullptr; }
TreePtr ImaginaryRoot(const TreePtr& node, Choices&) { return Is(node, Op::kI) ? Power(node, Number(5)) : nullptr; }

constexpr Rule kRules[] = {
    Swap,          Swap,          Regroup,        Distribute,      TakeOutNumber,      SplitFraction,    ExtendFraction,  AsProductWithInverse, UnreducedNumber,
    NegateTwice,   MoveSign,      AddNothing,     UnfoldPower,     ExpandSquare,       ProductAsSquares, NegativePower,   RootAsPower,          TakeOutSquare,
    PutUnderRoot,  Rationalise,   DoubleAngle,    Complement,      FlipAngle,          TangentAsQuotient, ExponentialLaw, ExponentialAsPower,   PowerOfSum,
    LogarithmLaw,  SizeAsRoot,    FactorialLaw,   ImaginaryInverse, ImaginaryRoot,     SquaresOfSineAndCosine,
};

}  // namespace

TreePtr Rewrite(TreePtr tree, int steps, Choices& choices) {
  constexpr int kTries = 12;  // Most rules do not apply at most nodes.
  for (int step = 0; step < steps; ++step) {
    for (int attempt = 0; attempt < kTries; ++attempt) {
      const int place = static_cast<int>(choices.Below(static_cast<uint32_t>(Size(tree))));
      const TreePtr node = choices.Pick(kRules)(NodeAt(tree, place), choices);
      if (node == nullptr) continue;
      TreePtr next = Replaced(tree, place, node);
      if (Size(next) > kLargestTree) return tree;
      tree = std::move(next);
      break;
    }
  }
  return tree;
}

}  // namespace cohort::reward::metamorphic

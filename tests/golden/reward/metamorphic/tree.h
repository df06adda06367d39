#pragma once

#include <complex>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace cohort::reward::metamorphic {

enum class Op : uint8_t {
  kNumber,    // numerator / denominator
  kVariable,  // name
  kPi,
  kE,
  kI,         // The imaginary unit.
  kAdd,       // two or more kids
  kMultiply,  // two or more kids
  kNegate,
  kDivide,
  kPower,     // base, exponent
  kSqrt,
  kCubeRoot,
  kSin,
  kCos,
  kTan,
  kLn,
  kExp,
  kAbs,
  kFactorial,
  kBinomial,
};

struct Tree;
using TreePtr = std::shared_ptr<const Tree>;

// An expression. Immutable, so that trees share their parts.
struct Tree {
  Op op = Op::kNumber;
  int64_t numerator = 0;
  int64_t denominator = 1;  // Positive.
  char name = 0;
  std::vector<TreePtr> kids;

  bool IsInteger() const { return op == Op::kNumber && denominator == 1; }
};

TreePtr Number(int64_t numerator, int64_t denominator = 1);  // `denominator` is not zero; reduces to lowest terms.
TreePtr Variable(char name);
TreePtr Constant(Op op);
TreePtr Make(Op op, std::vector<TreePtr> kids);
inline TreePtr Add(TreePtr a, TreePtr b) { return Make(Op::kAdd, {std::move(a), std::move(b)}); }
inline TreePtr Multiply(TreePtr a, TreePtr b) { return Make(Op::kMultiply, {std::move(a), std::move(b)}); }
inline TreePtr Divide(TreePtr a, TreePtr b) { return Make(Op::kDivide, {std::move(a), std::move(b)}); }
inline TreePtr Negate(TreePtr a) { return Make(Op::kNegate, {std::move(a)}); }
inline TreePtr Subtract(TreePtr a, TreePtr b) { return Add(std::move(a), Negate(std::move(b))); }
inline TreePtr Power(TreePtr a, TreePtr b) { return Make(Op::kPower, {std::move(a), std::move(b)}); }
inline TreePtr Apply(Op op, TreePtr a) { return Make(op, {std::move(a)}); }

int Size(const TreePtr& tree);
bool Has(const TreePtr& tree, Op op);
// The node at `index` in prefix order, from 0 to Size() - 1.
TreePtr NodeAt(const TreePtr& tree, int index);
// `tree` with that node replaced.
TreePtr Replaced(const TreePtr& tree, int index, const TreePtr& node);

// The value with each variable replaced by variables(name). Not finite where there is none, where it depends on a branch (real roots and logarithms of
// negative numbers), or where intermediate results grow so large that rounding errors would matter.
std::complex<double> Evaluate(const TreePtr& tree, const std::function<double(char)>& variables);

enum class Likeness { kSame, kDifferent, kUnclear };

// Compares by value at a few points, independently of the grader: kDifferent only when the values differ by far more than rounding errors somewhere, kSame
// when they agree wherever both exist. Certifies mutations and guards the rewrites against mistakes of this library.
Likeness Liken(const TreePtr& a, const TreePtr& b);

}  // namespace cohort::reward::metamorphic

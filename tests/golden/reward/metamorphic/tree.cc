#include "tests/golden/reward/metamorphic/tree.h"

#include <cmath>
#include <limits>
#include <numeric>

namespace cohort::reward::metamorphic {
namespace {

using Value = std::complex<double>;

constexpr double kLargest = 1e7;  // Of intermediate results: rounding errors stay below 1e-8.
constexpr double kDifference = 1e-4;
constexpr double kAgreement = 1e-7;
const double kNone = std::numeric_limits<double>::quiet_NaN();

bool IsReal(Value v) { return v.imag() == 0; }

Value PowerOf(Value base, Value exponent) {
  if (!IsReal(exponent)) return kNone;
  const double n = exponent.real();
  if (n == std::floor(n) && std::abs(n) <= 64) {
    Value result = 1;
    for (int i = 0; i < std::abs(n); ++i) result *= base;
    return n < 0 ? 1.0 / result : result;
  }
  return IsReal(base) && base.real() > 0 ? Value(std::pow(base.real(), n)) : Value(kNone);
}

Value FactorialOf(Value v) { return IsReal(v) && v.real() >= 0 && v.real() <= 20 ? Value(std::round(std::tgamma(v.real() + 1))) : Value(kNone); }

Value Unary(Op op, Value v) {
  const double x = v.real();
  switch (op) {
    case Op::kNegate: return -v;
    case Op::kExp: return std::exp(v);
    case Op::kAbs: return std::abs(v);
    default: break;
  }
  if (!IsReal(v)) return kNone;
  switch (op) {
    case Op::kSqrt: return x >= 0 ? std::sqrt(x) : kNone;
    case Op::kCubeRoot: return std::cbrt(x);
    case Op::kSin: return std::sin(x);
    case Op::kCos: return std::cos(x);
    case Op::kTan: return std::abs(std::cos(x)) > 1e-3 ? std::tan(x) : kNone;
    case Op::kLn: return x > 0 ? std::log(x) : kNone;
    case Op::kFactorial: return FactorialOf(v);
    default: return kNone;
  }
}

Value Combine(const Tree& tree, const std::vector<Value>& kids) {
  switch (tree.op) {
    case Op::kAdd: return std::accumulate(kids.begin(), kids.end(), Value(0));
    case Op::kMultiply: return std::accumulate(kids.begin(), kids.end(), Value(1), std::multiplies<>());
    case Op::kDivide: return std::abs(kids[1]) > 1e-3 ? kids[0] / kids[1] : Value(kNone);
    case Op::kPower: return PowerOf(kids[0], kids[1]);
    case Op::kBinomial: return FactorialOf(kids[0]) / FactorialOf(kids[1]) / FactorialOf(kids[0] - kids[1]);
    default: return Unary(tree.op, kids[0]);
  }
}

// `index` counts down to the node that is looked for.
TreePtr Find(const TreePtr& tree, int& index) {
  if (index-- == 0) return tree;
  for (const TreePtr& kid : tree->kids) {
    if (TreePtr found = Find(kid, index)) return found;
  }
  return nullptr;
}

TreePtr ReplaceIn(const TreePtr& tree, int& index, const TreePtr& node) {
  if (index-- == 0) return node;
  std::vector<TreePtr> kids = tree->kids;
  for (TreePtr& kid : kids) {
    if (index < 0) break;
    kid = ReplaceIn(kid, index, node);
  }
  auto copy = std::make_shared<Tree>(*tree);
  copy->kids = std::move(kids);
  return copy;
}

// Points without symmetry, of both signs.
double Coordinate(int point, char name) {
  const double spread = std::fmod(0.6180339887498949 * (17 * point + 5 * (name - 'a') + 3), 1.0);
  return (0.35 + 1.9 * spread) * (point >= 4 ? -1 : 1);
}

}  // namespace

TreePtr Number(int64_t numerator, int64_t denominator) {
  const int64_t divisor = std::gcd(numerator, denominator) * (denominator < 0 ? -1 : 1);
  auto tree = std::make_shared<Tree>();
  tree->numerator = numerator / divisor;
  tree->denominator = denominator / divisor;
  return tree;
}

TreePtr Variable(char name) {
  auto tree = std::make_shared<Tree>();
  tree->op = Op::kVariable;
  tree->name = name;
  return tree;
}

TreePtr Constant(Op op) { return Make(op, {}); }

TreePtr Make(Op op, std::vector<TreePtr> kids) {
  auto tree = std::make_shared<Tree>();
  tree->op = op;
  tree->kids = std::move(kids);
  return tree;
}

int Size(const TreePtr& tree) {
  int size = 1;
  for (const TreePtr& kid : tree->kids) size += Size(kid);
  return size;
}

bool Has(const TreePtr& tree, Op op) {
  if (tree->op == op) return true;
  for (const TreePtr& kid : tree->kids) {
    if (Has(kid, op)) return true;
  }
  return false;
}

TreePtr NodeAt(const TreePtr& tree, int index) { return Find(tree, index); }

TreePtr Replaced(const TreePtr& tree, int index, const TreePtr& node) { return ReplaceIn(tree, index, node); }

std::complex<double> Evaluate(const TreePtr& tree, const std::function<double(char)>& variables) {
  switch (tree->op) {
    case Op::kNumber: return static_cast<double>(tree->numerator) / static_cast<double>(tree->denominator);
    case Op::kVariable: return variables(tree->name);
    case Op::kPi: return std::acos(-1.0);
    case Op::kE: return std::exp(1.0);
    case Op::kI: return {0, 1};
    default: break;
  }
  std::vector<Value> kids;
  for (const TreePtr& kid : tree->kids) kids.push_back(Evaluate(kid, variables));
  const Value value = Combine(*tree, kids);
  return std::abs(value) < kLargest ? value : Value(kNone);
}

Likeness Liken(const TreePtr& a, const TreePtr& b) {
  constexpr int kPoints = 8;
  int same = 0;
  for (int point = 0; point < kPoints; ++point) {
    const auto variables = [&](char name) { return Coordinate(point, name); };
    const Value x = Evaluate(a, variables), y = Evaluate(b, variables);
    if (std::isnan(x.real()) || std::isnan(y.real())) continue;
    const double scale = 1 + std::abs(x) + std::abs(y), difference = std::abs(x - y);
    if (difference > kDifference * scale) return Likeness::kDifferent;
    same += difference < kAgreement * scale;
  }
  return same > 0 ? Likeness::kSame : Likeness::kUnclear;
}

}  // namespace cohort::reward::metamorphic

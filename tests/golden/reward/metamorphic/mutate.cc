#include "tests/golden/reward/metamorphic/mutate.h"

namespace cohort::reward::metamorphic {
namespace {

bool IsSum(const TreePtr& node) { return node->op == Op::kAdd; }

TreePtr OtherNumber(const TreePtr& node, Choices& choices) {
  const int64_t n = node->numerator, d = node->denominator;
  switch (choices.Below(6)) {
    case 0: return Number(n + 1, d);
    case 1: return Number(n - 1, d);
    case 2: return Number(-n, d);
    case 3: return Number(n * 10, d);
    case 4: return Number(n, d + 1);
    default: return n == 0 ? Number(1) : Number(d, n);
  }
}

// The bracket of a sum closes one term earlier or opens one term later.
TreePtr MoveBracket(const TreePtr& node) {
  if (node->kids.empty()) return nullptr;
  const TreePtr& first = node->kids[0];
  if (IsSum(first) && !IsSum(node)) {
    std::vector<TreePtr> kids = node->kids;
    kids[0] = first->kids[1];
    return Add(first->kids[0], Make(node->op, kids));
  }
  if (node->op != Op::kMultiply || !IsSum(node->kids[1])) return nullptr;
  return Add(Multiply(first, node->kids[1]->kids[0]), node->kids[1]->kids[1]);
}

Op OtherOp(Op op) {
  switch (op) {
    case Op::kAdd: return Op::kMultiply;
    case Op::kMultiply: return Op::kAdd;
    case Op::kSin: return Op::kCos;
    case Op::kCos: return Op::kSin;
    case Op::kTan: return Op::kSin;
    case Op::kSqrt: return Op::kCubeRoot;
    case Op::kCubeRoot: return Op::kSqrt;
    case Op::kLn: return Op::kSqrt;
    case Op::kPi: return Op::kE;
    case Op::kE: return Op::kPi;
    default: return op;
  }
}

TreePtr Change(const TreePtr& node, Choices& choices) {
  switch (choices.Below(5)) {
    case 0: return Negate(node);
    case 1: return MoveBracket(node);
    case 2: return node->kids.size() > 1 ? node->kids[choices.Below(static_cast<uint32_t>(node->kids.size()))] : nullptr;  // An operand is lost.
    case 3:
      if (node->op == Op::kDivide || node->op == Op::kPower) return Make(node->op, {node->kids[1], node->kids[0]});
      [[fallthrough]];
    default:
      if (node->op == Op::kNumber) return OtherNumber(node, choices);
      if (node->op == Op::kVariable) return Variable(node->name == 'x' ? 'y' : 'x');
      return Make(OtherOp(node->op), node->kids);
  }
}

}  // namespace

TreePtr Mutate(const TreePtr& tree, Choices& choices) {
  constexpr int kTries = 8;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    const int place = static_cast<int>(choices.Below(static_cast<uint32_t>(Size(tree))));
    const TreePtr node = Change(NodeAt(tree, place), choices);
    if (node == nullptr) continue;
    TreePtr changed = Replaced(tree, place, node);
    if (Liken(tree, changed) == Likeness::kDifferent) return changed;
  }
  return nullptr;
}

}  // namespace cohort::reward::metamorphic

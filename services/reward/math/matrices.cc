#include "services/reward/math/matrices.h"

#include <vector>

#include "services/reward/math/limits.h"
#include "services/reward/math/typed.h"

namespace cohort::reward::math {
namespace {

constexpr int kMaxMatrixNesting = 100;  // The builder is recursive.

// Entries by rows; they lie in the tree that they were made in.
struct Matrix {
  size_t columns = 0;
  std::vector<NodeId> entries;
};

class MatrixBuilder {
 public:
  explicit MatrixBuilder(Ast& out) : out_(out) {}

  // nullopt for everything that is no matrix.
  std::optional<Matrix> Build(View view) {
    if (nesting_ >= kMaxMatrixNesting) return std::nullopt;
    ++nesting_;
    std::optional<Matrix> matrix = BuildKind(view);
    --nesting_;
    return matrix;
  }

 private:
  std::optional<Matrix> BuildKind(View view) {
    switch (view.kind()) {
      case Kind::kMatrix: return Leaf(view);
      case Kind::kNegate: return Mapped(Build(view.kid(0)), [this](NodeId entry) { return out_.Add(Kind::kNegate, {entry}); });
      case Kind::kMultiply: return Scaled(view, Kind::kMultiply);
      case Kind::kDivide: return Scaled(view, Kind::kDivide);
      case Kind::kAdd: return Sum(view);
      default: return std::nullopt;
    }
  }

  Matrix Leaf(View view) {
    Matrix matrix;
    matrix.columns = static_cast<size_t>(view.node().payload);
    for (size_t i = 0; i < view.size(); ++i) matrix.entries.push_back(out_.Copy(view.ast, view.kid(i).id));
    return matrix;
  }

  template <typename Change>
  std::optional<Matrix> Mapped(std::optional<Matrix> matrix, Change change) {
    if (!matrix.has_value()) return std::nullopt;
    for (NodeId& entry : matrix->entries) entry = change(entry);
    return matrix;
  }

  std::optional<Matrix> Scaled(View view, Kind kind) {
    const bool left = view.ast.Contains(view.kid(0).id, Kind::kMatrix), right = view.ast.Contains(view.kid(1).id, Kind::kMatrix);
    if (left == right || (right && kind == Kind::kDivide)) return std::nullopt;
    const View factor = view.kid(left ? 1 : 0);
    return Mapped(Build(view.kid(left ? 0 : 1)), [this, factor, kind](NodeId entry) {
      const NodeId copy = out_.Copy(factor.ast, factor.id);
      return out_.Add(kind, {entry, copy});
    });
  }

  std::optional<Matrix> Sum(View view) {
    std::optional<Matrix> a = Build(view.kid(0)), b = Build(view.kid(1));
    if (!a.has_value() || !b.has_value() || a->columns != b->columns || a->entries.size() != b->entries.size()) return std::nullopt;
    for (size_t i = 0; i < a->entries.size(); ++i) a->entries[i] = out_.Add(Kind::kAdd, {a->entries[i], b->entries[i]});
    return a;
  }

  Ast& out_;
  int nesting_ = 0;
};

bool IsColumnTuple(View view) {
  const Brackets brackets = view.kind() == Kind::kTuple ? view.ast.brackets(view.id) : Brackets{'{', '}'};
  return (brackets.open == '(' && brackets.close == ')') || brackets.open == '<';
}

// Nodes that are made from others lie behind them; the subtree of an entry is not in one piece then, so it is copied once more.
View Whole(const Ast& ast, NodeId id, Ast& out) {
  std::vector<NodeId> moved(id + 1, 0);
  std::vector<bool> wanted(id + 1, false);
  wanted[id] = true;
  for (NodeId i = id + 1; i-- > 0;) {
    for (size_t k = 0; wanted[i] && k < ast.node(i).kid_count; ++k) wanted[ast.kid(i, k)] = true;
  }
  for (NodeId i = 0; i <= id; ++i) {
    if (!wanted[i]) continue;
    std::vector<NodeId> children;
    for (size_t k = 0; k < ast.node(i).kid_count; ++k) children.push_back(moved[ast.kid(i, k)]);
    moved[i] = out.CopyNode(ast, i, children);
  }
  out.root = moved[id];
  return {out, out.root};
}

}  // namespace

std::optional<Decision> CompareMatrices(View a, View b, const Context& context) {
  const bool matrix_a = a.ast.Contains(a.id, Kind::kMatrix), matrix_b = b.ast.Contains(b.id, Kind::kMatrix);
  if (!matrix_a && !matrix_b) return std::nullopt;
  const Decision other{Equality::kDifferent, v1::METHOD_STRUCTURAL, "a matrix against something else"};
  Ast left, right;
  std::optional<Matrix> x = MatrixBuilder(left).Build(a), y = MatrixBuilder(right).Build(b);
  const auto as_column = [](View tuple, Ast& out) {
    Matrix column{1, {}};
    for (size_t i = 0; i < tuple.size(); ++i) column.entries.push_back(out.Copy(tuple.ast, tuple.kid(i).id));
    return column;
  };
  if (!x.has_value() && IsColumnTuple(a)) x = as_column(a, left);
  if (!y.has_value() && IsColumnTuple(b)) y = as_column(b, right);
  if (!x.has_value() || !y.has_value()) return other;
  if (x->columns != y->columns || x->entries.size() != y->entries.size()) return Decision{Equality::kDifferent, v1::METHOD_STRUCTURAL, "matrices of different shape"};
  Decision all{Equality::kEqual, v1::METHOD_STRUCTURAL, "entry by entry"};
  for (size_t i = 0; i < x->entries.size(); ++i) {
    if (!context.fuel.Spend(static_cast<int64_t>(left.nodes.size() + right.nodes.size()) / 4)) return Decision{};
    Ast first, second;
    const Decision part = CompareAnswers(Whole(left, x->entries[i], first), Whole(right, y->entries[i], second), context);
    if (part.equality != Equality::kEqual) return Decision{part.equality, part.method, "an entry differs"};
    all.method = part.method == v1::METHOD_BALL ? part.method : all.method;
  }
  return all;
}

}  // namespace cohort::reward::math

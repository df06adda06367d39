#include "services/reward/math/matrices.h"

#include <vector>

#include "services/reward/math/canonical.h"
#include "services/reward/math/limits.h"
#include "services/reward/math/matrix_products.h"
#include "services/reward/math/structure.h"
#include "services/reward/math/typed.h"

namespace cohort::reward::math {
namespace {

constexpr int kMaxMatrixNesting = 100;  // The builder is recursive.

// Entries by rows; they lie in the tree that they were made in.
struct Matrix {
  size_t columns = 0;
  std::vector<NodeId> entries;

  bool square() const { return columns * columns == entries.size(); }
};

// What the exponent of a transposed matrix is called.
enum class Transposition : uint8_t {
  kNone,
  kSign,    // \top, \intercal: nothing else.
  kLetter,  // T: of a square matrix it could be a power.
};

Transposition TranspositionOf(View view) {
  if (view.kind() != Kind::kPower) return Transposition::kNone;
  const View exponent = view.kid(1);
  // Upright it is read as the unit.
  if (exponent.kind() != Kind::kSymbol && exponent.kind() != Kind::kUnit) return Transposition::kNone;
  const std::string& name = exponent.ast.name(exponent.id);
  return name == kTransposeName ? Transposition::kSign : name == "T" ? Transposition::kLetter : Transposition::kNone;
}

bool HasBrackets(View view, char open, char close) {
  if (view.kind() != Kind::kTuple) return false;
  const Brackets brackets = view.ast.brackets(view.id);
  return brackets.open == open && brackets.close == close;
}

// [[1, 2], [3, 4]]: as many members in every row.
bool IsRows(View view) {
  if (!HasBrackets(view, '[', ']')) return false;
  for (size_t i = 0; i < view.size(); ++i) {
    if (!HasBrackets(view.kid(i), '[', ']') || view.kid(i).size() != view.kid(0).size()) return false;
  }
  return true;
}

// A tuple that only its transposition makes a vector: (1, 2)^T, [1, 2]^T, ⟨1, 2⟩^T.
bool IsRowVector(View view) { return (HasBrackets(view, '(', ')') || HasBrackets(view, '[', ']') || HasBrackets(view, '<', '>')) && !IsRows(view); }

// Whether a matrix, rows of one or a transposed vector stands in the subtree.
bool HoldsMatrix(View view) {
  for (NodeId id = view.node().begin; id <= view.id; ++id) {
    const View part(view.ast, id);
    if (part.kind() == Kind::kMatrix || IsRows(part) || (TranspositionOf(part) != Transposition::kNone && IsRowVector(part.kid(0)))) return true;
  }
  return false;
}

class MatrixBuilder {
 public:
  MatrixBuilder(Ast& out, Fuel& fuel) : out_(out), fuel_(fuel) {}

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
      case Kind::kTuple: return Rows(view);
      case Kind::kPower: return TranspositionOf(view) == Transposition::kNone ? Power(view) : Transposed(view);
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

  std::optional<Matrix> Rows(View view) {
    if (!IsRows(view)) return std::nullopt;
    Matrix matrix;
    matrix.columns = view.kid(0).size();
    for (size_t row = 0; row < view.size(); ++row) {
      for (size_t i = 0; i < matrix.columns; ++i) matrix.entries.push_back(out_.Copy(view.ast, view.kid(row).kid(i).id));
    }
    return matrix;
  }

  std::optional<Matrix> Transposed(View view) {
    const Transposition transposition = TranspositionOf(view);
    const View base = view.kid(0);
    const std::optional<Matrix> matrix = IsRowVector(base) ? RowVector(base) : Build(base);
    if (!matrix.has_value() || (matrix->square() && transposition == Transposition::kLetter)) return std::nullopt;
    const size_t rows = matrix->entries.size() / matrix->columns;
    Matrix turned{rows, {}};
    for (size_t column = 0; column < matrix->columns; ++column) {
      for (size_t row = 0; row < rows; ++row) turned.entries.push_back(matrix->entries[row * matrix->columns + column]);
    }
    return turned;
  }

  Matrix RowVector(View view) {
    Matrix matrix{view.size(), {}};
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
    const bool left = HoldsMatrix(view.kid(0)), right = HoldsMatrix(view.kid(1));
    if (left && right && kind == Kind::kMultiply) return Product(view);
    if (left == right || (right && kind == Kind::kDivide)) return std::nullopt;
    const View factor = view.kid(left ? 1 : 0);
    if (factor.ast.Contains(factor.id, Kind::kTuple)) return std::nullopt;  // A product of vectors.
    return Mapped(Build(view.kid(left ? 0 : 1)), [this, factor, kind](NodeId entry) {
      const NodeId copy = out_.Copy(factor.ast, factor.id);
      return out_.Add(kind, {entry, copy});
    });
  }

  // Its entries as exact numbers; nullopt when one is no rational number.
  std::optional<NumberMatrix> Numbers(const std::optional<Matrix>& matrix) {
    if (!matrix.has_value()) return std::nullopt;
    NumberMatrix numbers{matrix->columns, {}};
    for (const NodeId entry : matrix->entries) {
      if (!fuel_.Spend(100 + static_cast<int64_t>(out_.nodes.size()))) return std::nullopt;
      Ast piece;
      const View view = InOnePiece(out_, entry, piece);
      const Form form = Canonical(view.ast, view.id, fuel_);
      std::optional<Rational> number = form.undefined ? std::nullopt : form.constant();
      if (!number.has_value()) return std::nullopt;
      numbers.entries.push_back(*std::move(number));
    }
    return numbers;
  }

  std::optional<Matrix> Written(const std::optional<NumberMatrix>& numbers) {
    if (!numbers.has_value()) return std::nullopt;
    Matrix matrix{numbers->columns, {}};
    for (const Rational& number : numbers->entries) matrix.entries.push_back(out_.AddNumber(number));
    return matrix;
  }

  std::optional<Matrix> Product(View view) {
    const auto left = Numbers(Build(view.kid(0))), right = Numbers(Build(view.kid(1)));
    return left.has_value() && right.has_value() ? Written(MatrixProduct(*left, *right, fuel_)) : std::nullopt;
  }

  std::optional<Matrix> Power(View view) {
    const View exponent = view.kid(1);
    const std::optional<Rational> times = Variables(exponent).empty() ? Canonical(exponent.ast, exponent.id, fuel_).constant() : std::nullopt;
    const auto base = times.has_value() && times->FitsInt64() ? Numbers(Build(view.kid(0))) : std::nullopt;
    return base.has_value() ? Written(MatrixPower(*base, times->ToInt64(), fuel_)) : std::nullopt;
  }

  std::optional<Matrix> Sum(View view) {
    std::optional<Matrix> a = Build(view.kid(0)), b = Build(view.kid(1));
    if (!a.has_value() || !b.has_value() || a->columns != b->columns || a->entries.size() != b->entries.size()) return std::nullopt;
    for (size_t i = 0; i < a->entries.size(); ++i) a->entries[i] = out_.Add(Kind::kAdd, {a->entries[i], b->entries[i]});
    return a;
  }

  Ast& out_;
  Fuel& fuel_;
  int nesting_ = 0;
};

bool IsColumnTuple(View view) { return HasBrackets(view, '(', ')') || HasBrackets(view, '<', '>'); }

}  // namespace

bool IsMatrix(View view, const Context& context) {
  Ast scratch;
  return view.kind() != Kind::kTuple && HoldsMatrix(view) && MatrixBuilder(scratch, context.fuel).Build(view).has_value();
}

std::optional<Decision> CompareMatrices(View a, View b, const Context& context) {
  const auto surely = [&context](View view) { return view.ast.Contains(view.id, Kind::kMatrix) || IsMatrix(view, context); };
  if (!surely(a) && !surely(b)) return std::nullopt;
  const Decision other{Equality::kDifferent, v1::METHOD_STRUCTURAL, "a matrix against something else"};
  Ast left, right;
  std::optional<Matrix> x = MatrixBuilder(left, context.fuel).Build(a), y = MatrixBuilder(right, context.fuel).Build(b);
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
    const Decision part = CompareAnswers(InOnePiece(left, x->entries[i], first), InOnePiece(right, y->entries[i], second), context);
    if (part.equality != Equality::kEqual) return Decision{part.equality, part.method, "an entry differs"};
    all.method = part.method == v1::METHOD_BALL ? part.method : all.method;
  }
  return all;
}

}  // namespace cohort::reward::math

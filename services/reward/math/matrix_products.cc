#include "services/reward/math/matrix_products.h"

#include <flint/fmpq_mat.h>

#include <algorithm>
#include <cstdlib>

namespace cohort::reward::math {
namespace {

constexpr size_t kMaxRows = 8;
constexpr int64_t kMaxExponent = 100;
constexpr int64_t kMaxEntryBits = 2048;

// Owns a matrix of FLINT.
class FlintMatrix {
 public:
  FlintMatrix(size_t rows, size_t columns) { fmpq_mat_init(value_, static_cast<slong>(rows), static_cast<slong>(columns)); }
  explicit FlintMatrix(const NumberMatrix& from) : FlintMatrix(from.rows(), from.columns) {
    for (size_t i = 0; i < from.entries.size(); ++i) {
      fmpq_set(fmpq_mat_entry(value_, static_cast<slong>(i / from.columns), static_cast<slong>(i % from.columns)), from.entries[i].get());
    }
  }
  FlintMatrix(const FlintMatrix&) = delete;
  FlintMatrix& operator=(const FlintMatrix&) = delete;
  ~FlintMatrix() { fmpq_mat_clear(value_); }

  fmpq_mat_struct* get() { return value_; }
  NumberMatrix Read() const {
    NumberMatrix matrix{static_cast<size_t>(fmpq_mat_ncols(value_)), {}};
    for (slong row = 0; row < fmpq_mat_nrows(value_); ++row) {
      for (slong column = 0; column < fmpq_mat_ncols(value_); ++column) fmpq_set(matrix.entries.emplace_back().get(), fmpq_mat_entry(value_, row, column));
    }
    return matrix;
  }

 private:
  fmpq_mat_t value_;
};

int64_t BitsOf(const NumberMatrix& matrix) {
  int64_t bits = 1;
  for (const Rational& entry : matrix.entries) bits = std::max(bits, entry.bits());
  return bits;
}

bool Affordable(const NumberMatrix& matrix, Fuel& fuel) {
  if (matrix.rows() > kMaxRows || matrix.columns > kMaxRows) return false;
  const int64_t bits = BitsOf(matrix), steps = static_cast<int64_t>(kMaxRows * matrix.entries.size());
  return bits <= kMaxEntryBits && fuel.Spend(steps * (100 + bits / 4));
}

std::optional<NumberMatrix> Inverse(const NumberMatrix& matrix, Fuel& fuel) {
  if (!Affordable(matrix, fuel)) return std::nullopt;
  FlintMatrix from(matrix), inverse(matrix.columns, matrix.columns);
  if (fmpq_mat_inv(inverse.get(), from.get()) == 0) return std::nullopt;
  return inverse.Read();
}

}  // namespace

std::optional<NumberMatrix> MatrixProduct(const NumberMatrix& a, const NumberMatrix& b, Fuel& fuel) {
  if (a.columns != b.rows() || !Affordable(a, fuel) || !Affordable(b, fuel)) return std::nullopt;
  FlintMatrix x(a), y(b), product(a.rows(), b.columns);
  fmpq_mat_mul(product.get(), x.get(), y.get());
  return product.Read();
}

std::optional<NumberMatrix> MatrixPower(const NumberMatrix& base, int64_t exponent, Fuel& fuel) {
  if (base.columns != base.rows() || exponent == 0 || exponent < -kMaxExponent || exponent > kMaxExponent) return std::nullopt;
  std::optional<NumberMatrix> square = exponent < 0 ? Inverse(base, fuel) : base, power;
  for (int64_t left = std::abs(exponent); left > 0 && square.has_value(); left /= 2) {
    if (left % 2 != 0) power = power.has_value() ? MatrixProduct(*power, *square, fuel) : square;
    if (!power.has_value() && left % 2 != 0) return std::nullopt;
    if (left > 1) square = MatrixProduct(*square, *square, fuel);
  }
  return square.has_value() ? power : std::nullopt;
}

}  // namespace cohort::reward::math

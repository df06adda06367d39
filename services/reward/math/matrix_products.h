#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "services/reward/math/fuel.h"
#include "services/reward/math/rational.h"

namespace cohort::reward::math {

// A matrix of exact numbers, by rows. `columns` divides the number of entries and is not zero.
struct NumberMatrix {
  size_t columns = 0;
  std::vector<Rational> entries;

  size_t rows() const { return entries.size() / columns; }
};

// a·b; nullopt where the shapes do not fit, the numbers grow beyond a limit, or fuel runs out.
std::optional<NumberMatrix> MatrixProduct(const NumberMatrix& a, const NumberMatrix& b, Fuel& fuel);

// A square matrix to a whole power, of its inverse where that is negative; nullopt as above, for large exponents and for a matrix without an inverse.
std::optional<NumberMatrix> MatrixPower(const NumberMatrix& base, int64_t exponent, Fuel& fuel);

}  // namespace cohort::reward::math

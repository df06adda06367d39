#include "services/reward/math/matrix_products.h"

#include <gtest/gtest.h>

namespace cohort::reward::math {
namespace {

constexpr int64_t kSteps = 1'000'000;

NumberMatrix Square(int64_t a, int64_t b, int64_t c, int64_t d) { return {2, {Rational(a), Rational(b), Rational(c), Rational(d)}}; }
NumberMatrix Ones(size_t rows) { return {rows, std::vector<Rational>(rows * rows, Rational(1))}; }

TEST(MatrixProductTest, MultipliesRowsByColumns) {
  Fuel fuel(kSteps);
  const auto product = MatrixProduct(Square(1, 2, 3, 4), {1, {Rational(1), Rational(3)}}, fuel);
  ASSERT_TRUE(product.has_value());
  EXPECT_EQ(product->columns, 1u);
  EXPECT_EQ(product->entries, (std::vector<Rational>{Rational(7), Rational(15)}));
}

TEST(MatrixProductTest, ShapesHaveToFit) {
  Fuel fuel(kSteps);
  EXPECT_FALSE(MatrixProduct({1, {Rational(1), Rational(3)}}, Square(1, 2, 3, 4), fuel).has_value());
}

TEST(MatrixProductTest, RowsAreLimited) {
  Fuel fuel(kSteps);
  EXPECT_TRUE(MatrixProduct(Ones(8), Ones(8), fuel).has_value());
  EXPECT_FALSE(MatrixProduct(Ones(9), Ones(9), fuel).has_value());
}

TEST(MatrixProductTest, BitsOfEntriesAreLimited) {
  Fuel fuel(kSteps);
  const auto with_bits = [](int64_t bits) { return NumberMatrix{1, {Rational(2).Power(bits - 1)}}; };
  EXPECT_TRUE(MatrixProduct(with_bits(2048), with_bits(2048), fuel).has_value());
  EXPECT_FALSE(MatrixProduct(with_bits(2049), with_bits(1), fuel).has_value());
}

TEST(MatrixProductTest, StopsWithoutFuel) {
  Fuel fuel(10);
  EXPECT_FALSE(MatrixProduct(Square(1, 2, 3, 4), Square(1, 2, 3, 4), fuel).has_value());
}

TEST(MatrixPowerTest, ExponentsAreLimited) {
  Fuel fuel(kSteps);
  EXPECT_EQ(MatrixPower(Square(1, 1, 0, 1), 100, fuel)->entries[1], Rational(100));
  EXPECT_EQ(MatrixPower(Square(1, 1, 0, 1), -100, fuel)->entries[1], Rational(-100));
  EXPECT_FALSE(MatrixPower(Square(1, 1, 0, 1), 101, fuel).has_value());
  EXPECT_FALSE(MatrixPower(Square(1, 1, 0, 1), -101, fuel).has_value());
  EXPECT_FALSE(MatrixPower(Square(1, 1, 0, 1), 0, fuel).has_value());
}

TEST(MatrixPowerTest, AMatrixWithoutInverseHasNone) {
  Fuel fuel(kSteps);
  EXPECT_FALSE(MatrixPower(Square(1, 2, 2, 4), -1, fuel).has_value());
  EXPECT_EQ(MatrixPower(Square(1, 2, 3, 4), -1, fuel)->entries[0], Rational(-2));
}

}  // namespace
}  // namespace cohort::reward::math

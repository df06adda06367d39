#include "common/math/scalar_math.h"

#include <cmath>

#include "common/random/philox.h"
#include "gtest/gtest.h"

namespace cohort::math {
namespace {

TEST(ScalarMathTest, LogarithmIsWithinAFewUlp) {
  random::Stream stream(7, 0);
  for (int i = 0; i < 20000; ++i) {
    const double x = std::exp2(200 * stream.NextDouble() - 100);
    EXPECT_NEAR(Log(x), std::log(x), 4e-16 * std::max(1.0, std::abs(std::log(x)))) << x;
  }
  EXPECT_EQ(Log(1.0), 0.0);
}

TEST(ScalarMathTest, ExponentialIsWithinAFewUlp) {
  random::Stream stream(8, 0);
  for (int i = 0; i < 20000; ++i) {
    const double x = 200 * stream.NextDouble() - 100;
    EXPECT_NEAR(Exp(x) / std::exp(x), 1.0, 2e-15) << x;
  }
}

TEST(ScalarMathTest, SineAndCosineAreRightInEveryQuadrant) {
  random::Stream stream(9, 0);
  for (int i = 0; i < 20000; ++i) {
    const double x = (i < 10000 ? 10.0 : 131072.0) * stream.NextDouble();
    EXPECT_NEAR(SinCos(x).sine, std::sin(x), 1e-15) << x;
    EXPECT_NEAR(SinCos(x).cosine, std::cos(x), 1e-15) << x;
  }
}

}  // namespace
}  // namespace cohort::math

#include "services/rollout/engine/cpu/kernels.h"

#include <cmath>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "common/random/philox.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::rollout::cpu {
namespace {

std::vector<float> RandomFloats(int64_t n, uint64_t stream, double scale = 1) {
  random::Stream numbers(11, stream);
  std::vector<float> values(n);
  for (float& value : values) value = static_cast<float>(scale * (2 * numbers.NextDouble() - 1));
  return values;
}

// Exactly the same bits, signs of zero included.
bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// Calls `compute` with the kernels of every instruction set of this machine and expects the same bits from all.
std::vector<float> OnEveryInstructionSet(const std::function<std::vector<float>(const Kernels&)>& compute) {
  const std::vector<float> portable = compute(KernelsFor(InstructionSet::kPortable));
  for (InstructionSet set : SupportedInstructionSets()) EXPECT_TRUE(SameBits(compute(KernelsFor(set)), portable)) << KernelsFor(set).name;
  return portable;
}

// y[rows, outputs] = x[rows, k] · wᵀ + bias; columns of w are packed into panels here.
struct Product {
  int64_t rows, k, outputs;
  std::vector<float> x = RandomFloats(rows * k, 1), w = RandomFloats(outputs * k, 2), bias = RandomFloats(RoundUpToLanes(outputs), 3);

  std::vector<float> Packed() const {
    std::vector<float> packed(RoundUpToLanes(outputs) * k, 0.0f);
    for (int64_t c = 0; c < outputs; ++c) {
      for (int64_t i = 0; i < k; ++i) packed[(c / kLanes * k + i) * kLanes + c % kLanes] = w[c * k + i];
    }
    return packed;
  }

  std::vector<float> Run(const Kernels& kernels, int64_t first_row = 0, int64_t count = -1) const {
    const std::vector<float> packed = Packed();
    std::vector<float> y(rows * RoundUpToLanes(outputs), 0.0f);
    GemmArgs args;
    args.x = x.data() + first_row * k;
    args.x_stride = k;
    args.w = packed.data();
    args.bias = bias.data();
    args.y = y.data() + first_row * RoundUpToLanes(outputs);
    args.y_stride = RoundUpToLanes(outputs);
    args.rows = count < 0 ? rows : count;
    args.k = k;
    args.panel_end = RoundUpToLanes(outputs) / kLanes;
    kernels.gemm(args);
    return y;
  }

  double Reference(int64_t row, int64_t column) const {
    double sum = bias[column];
    for (int64_t i = 0; i < k; ++i) sum += double{x[row * k + i]} * double{w[column * k + i]};
    return sum;
  }
};

TEST(GemmTest, AgreesWithDoublePrecisionOverOddShapes) {
  for (int64_t rows : {1, 2, 3, 5, 6, 7, 13, 33}) {
    for (int64_t k : {1, 7, 32, 129}) {
      for (int64_t outputs : {1, 16, 17, 48, 77, 140}) {
        const Product product{rows, k, outputs};
        const std::vector<float> y = OnEveryInstructionSet([&](const Kernels& kernels) { return product.Run(kernels); });
        for (int64_t row = 0; row < rows; ++row) {
          for (int64_t column = 0; column < outputs; ++column) {
            ASSERT_NEAR(y[row * RoundUpToLanes(outputs) + column], product.Reference(row, column), 1e-6 * std::sqrt(k) * 4)
                << rows << "x" << k << "x" << outputs << " at " << row << ", " << column;
          }
        }
      }
    }
  }
}

TEST(GemmTest, ARowDoesNotDependOnTheBatchAroundIt) {
  const Product product{37, 65, 100};
  for (InstructionSet set : SupportedInstructionSets()) {
    const Kernels& kernels = KernelsFor(set);
    const std::vector<float> together = product.Run(kernels);
    for (int64_t row = 0; row < product.rows; ++row) {
      const std::vector<float> alone = product.Run(kernels, row, 1);
      const int64_t stride = RoundUpToLanes(product.outputs);
      EXPECT_EQ(std::memcmp(alone.data() + row * stride, together.data() + row * stride, stride * sizeof(float)), 0) << kernels.name << " row " << row;
    }
  }
}

TEST(GemmTest, AddsToWhatIsThere) {
  const Product product{9, 20, 40};
  const std::vector<float> packed = product.Packed();
  const std::vector<float> before = RandomFloats(9 * 48, 5);
  const std::vector<float> y = OnEveryInstructionSet([&](const Kernels& kernels) {
    std::vector<float> y = before;
    GemmArgs args{product.x.data(), 20, packed.data(), nullptr, y.data(), 48, 9, 20, 0, 3};
    kernels.gemm_add(args);
    return y;
  });
  for (int64_t row = 0; row < 9; ++row) {
    for (int64_t column = 0; column < 40; ++column) {
      EXPECT_NEAR(y[row * 48 + column], before[row * 48 + column] + product.Reference(row, column) - product.bias[column], 1e-5);
    }
  }
}

TEST(GemmTest, GatesByTheSigmoidLinearUnit) {
  const Product gate{11, 30, 96};
  const std::vector<float> packed = gate.Packed();
  const std::vector<float> y = OnEveryInstructionSet([&](const Kernels& kernels) {
    std::vector<float> y(11 * 48, 0.0f);
    GemmArgs args{gate.x.data(), 30, packed.data(), nullptr, y.data(), 48, 11, 30, 0, 6};
    kernels.gemm_swiglu(args);
    return y;
  });
  for (int64_t row = 0; row < 11; ++row) {
    for (int64_t column = 0; column < 48; ++column) {
      const int64_t at = column / 16 * 32 + column % 16;
      const double g = gate.Reference(row, at) - gate.bias[at], u = gate.Reference(row, at + 16) - gate.bias[at + 16];
      EXPECT_NEAR(y[row * 48 + column], g / (1 + std::exp(-g)) * u, 2e-5);
    }
  }
}

TEST(RmsNormTest, AgreesWithDoublePrecision) {
  for (int64_t n : {1, 15, 16, 128, 200}) {
    std::vector<float> x = RandomFloats(RoundUpToLanes(n), 21, 3), weight = RandomFloats(RoundUpToLanes(n), 22);
    for (int64_t i = n; i < RoundUpToLanes(n); ++i) x[i] = 0;
    const std::vector<float> y = OnEveryInstructionSet([&](const Kernels& kernels) {
      std::vector<float> y(x.size());
      kernels.rms_norm(x.data(), weight.data(), 1e-6f, n, y.data());
      return y;
    });
    double squares = 0;
    for (int64_t i = 0; i < n; ++i) squares += double{x[i]} * x[i];
    for (int64_t i = 0; i < n; ++i) EXPECT_NEAR(y[i], x[i] / std::sqrt(squares / n + 1e-6) * weight[i], 2e-6);
  }
}

TEST(RopeTest, RotatesPairsOfHalves) {
  for (int64_t half : {1, 8, 16, 20, 64}) {
    const std::vector<float> x = RandomFloats(2 * half, 31), angle = RandomFloats(half, 32, 3);
    std::vector<float> cosines, sines;
    for (float a : angle) {
      cosines.push_back(std::cos(a));
      sines.push_back(std::sin(a));
    }
    const std::vector<float> y = OnEveryInstructionSet([&](const Kernels& kernels) {
      std::vector<float> y = x;
      kernels.rope(y.data(), cosines.data(), sines.data(), half);
      return y;
    });
    for (int64_t i = 0; i < half; ++i) {
      EXPECT_NEAR(y[i], double{x[i]} * cosines[i] - double{x[half + i]} * sines[i], 3e-7);
      EXPECT_NEAR(y[half + i], double{x[half + i]} * cosines[i] + double{x[i]} * sines[i], 3e-7);
    }
  }
}

// Keys and values of one head in pages that lie in reverse order.
struct AttentionCase {
  int64_t heads, dim, context;
  int64_t padded = RoundUpToLanes(dim);
  std::vector<float> q = RandomFloats(heads * dim, 41, 2), keys = RandomFloats(context * dim, 42), values = RandomFloats(context * dim, 43);

  std::vector<float> Run(const Kernels& kernels) const {
    const int64_t count = RoundUpToLanes(context) / kLanes;
    // What was never written may be anything.
    std::vector<float> cache(count * 2 * padded * kLanes, NAN);
    std::vector<int32_t> pages;
    for (int64_t page = 0; page < count; ++page) pages.push_back(static_cast<int32_t>(count - 1 - page));
    for (int64_t t = 0; t < context; ++t) {
      float* page = cache.data() + pages[t / kLanes] * 2 * padded * kLanes;
      for (int64_t d = 0; d < padded; ++d) page[padded * kLanes + t % kLanes * padded + d] = 0;
      for (int64_t d = 0; d < dim; ++d) {
        page[d * kLanes + t % kLanes] = keys[t * dim + d];
        page[padded * kLanes + t % kLanes * padded + d] = values[t * dim + d];
      }
    }
    std::vector<float> out(heads * dim), scores(4 * RoundUpToLanes(context));
    AttentionArgs args{q.data(), out.data(), heads, dim, padded, cache.data(), pages.data(), 2 * padded * kLanes, 0, context, 0.3f, scores.data()};
    kernels.attention(args);
    return out;
  }

  double Reference(int64_t head, int64_t column) const {
    double max = -INFINITY, sum = 0, out = 0;
    std::vector<double> scores(context);
    for (int64_t t = 0; t < context; ++t) {
      for (int64_t d = 0; d < dim; ++d) scores[t] += 0.3f * double{q[head * dim + d]} * keys[t * dim + d];
      max = std::max(max, scores[t]);
    }
    for (int64_t t = 0; t < context; ++t) {
      sum += std::exp(scores[t] - max);
      out += std::exp(scores[t] - max) * values[t * dim + column];
    }
    return out / sum;
  }
};

TEST(AttentionTest, AgreesWithDoublePrecisionOverOddShapes) {
  for (int64_t heads : {1, 2, 7}) {
    for (int64_t dim : {8, 20, 32, 64, 80}) {
      for (int64_t context : {1, 15, 16, 17, 50}) {
        const AttentionCase c{heads, dim, context};
        const std::vector<float> out = OnEveryInstructionSet([&](const Kernels& kernels) { return c.Run(kernels); });
        for (int64_t i = 0; i < heads * dim; ++i) {
          ASSERT_NEAR(out[i], c.Reference(i / dim, i % dim), 3e-6) << heads << " heads of " << dim << ", context " << context << ", at " << i;
        }
      }
    }
  }
}

TEST(ExpOfLogitsTest, AgreesWithDoublePrecisionFromTheSmallestToTheLargest) {
  std::vector<float> logits = RandomFloats(112, 51, 60);
  logits[100] = 200;  // Beyond n: must not count.
  const std::vector<float> p = OnEveryInstructionSet([&](const Kernels& kernels) {
    std::vector<float> p(112);
    p[111] = kernels.exp_of_logits(logits.data(), 99, 0.7f, p.data());
    return p;
  });
  float max = -INFINITY;
  for (int i = 0; i < 99; ++i) max = std::max(max, logits[i] / 0.7f);
  EXPECT_EQ(p[111], max);
  for (int i = 0; i < 99; ++i) {
    const double x = double{logits[i] / 0.7f} - max;
    const double exact = std::exp(std::max(x, -87.0));
    // The subtraction in fp32 costs half an ulp of x.
    EXPECT_NEAR(p[i] / exact, 1.0, 2e-7 + 6e-8 * std::abs(x)) << x;
  }
}

TEST(ExpOfLogitsTest, LogitsThatAreNoNumbersHaveNoMaximum) {
  const std::vector<float> logits(16, NAN);
  OnEveryInstructionSet([&](const Kernels& kernels) {
    std::vector<float> p(16);
    EXPECT_EQ(kernels.exp_of_logits(logits.data(), 16, 1.0f, p.data()), -INFINITY);
    return std::vector<float>();
  });
}

}  // namespace
}  // namespace cohort::rollout::cpu

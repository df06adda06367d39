#include "services/learner/train/adamw.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gtest/gtest.h"
#include "tests/unit/services/learner/train/tiny_model.h"

namespace cohort::learner {
namespace {

config::v1::OptimizerSection Options() {
  config::v1::OptimizerSection options;
  options.set_beta1(0.9);
  options.set_beta2(0.95);
  options.set_epsilon(1e-8);
  options.set_weight_decay(0.5);
  return options;
}

TEST(AdamWTest, DecaysMatricesOnlyAndLeavesPaddingZero) {
  const model::LoadedModel model = RandomModel({.hidden = 20, .inner = 18, .heads = 2, .kv_heads = 1, .head_dim = 10}, 3);
  AdamW optimizer(Options(), model.layout);
  model::Arena gradient(model.layout.size()), before(model.layout.size());
  std::copy(model.weights->floats().begin(), model.weights->floats().end(), before.floats().begin());
  optimizer.Step(0.1, 1, gradient.floats().data(), model.weights->floats().data());
  std::vector<bool> padding(model.layout.size(), true);
  for (const model::TensorSlot& slot : model.layout.slots()) {
    for (int64_t i = slot.offset; i < slot.offset + slot.size(); ++i) {
      padding[i] = false;
      ASSERT_FLOAT_EQ(model.weights->floats()[i], before.floats()[i] * (slot.shape.size() == 2 ? 0.95f : 1.0f)) << slot.name;
    }
  }
  for (int64_t i = 0; i < model.layout.size(); ++i) {
    if (padding[i]) {
      ASSERT_EQ(model.weights->floats()[i], 0);
    }
  }
}

// The recursion of the paper, in double.
TEST(AdamWTest, ManyStepsFollowTheRecursion) {
  const model::LoadedModel model = RandomModel({}, 3);
  AdamW optimizer(Options(), model.layout);
  model::Arena gradient(model.layout.size());
  const int64_t index = model.layout.slot(model.layout.embedding()).offset + 5;
  double weight = model.weights->floats()[index], first = 0, second = 0;
  for (int t = 1; t <= 20; ++t) {
    const double g = std::sin(t);
    gradient.floats()[index] = static_cast<float>(g);
    optimizer.Step(0.01, 0.5, gradient.floats().data(), model.weights->floats().data());
    first = 0.9 * first + 0.1 * g / 2;
    second = 0.95 * second + 0.05 * g * g / 4;
    weight -= 0.01 * (0.5 * weight + first / (1 - std::pow(0.9, t)) / (std::sqrt(second / (1 - std::pow(0.95, t))) + 1e-8));
  }
  EXPECT_NEAR(model.weights->floats()[index], weight, 1e-6);
  EXPECT_EQ(optimizer.updates(), 20);
}

TEST(GradientNormTest, IsTheEuclideanNorm) {
  model::Arena gradient(200000);
  for (int64_t i = 0; i < gradient.size(); ++i) gradient.floats()[i] = i % 2 == 0 ? 3e-3f : -4e-3f;
  EXPECT_NEAR(GradientNorm(gradient), std::sqrt(1e5 * 25e-6), 1e-6);
  gradient.floats()[70000] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(GradientNorm(gradient)));
}

TEST(ClippingTest, ScalesDownToTheBoundOnly) {
  EXPECT_DOUBLE_EQ(ClippingScale(4, 1), 0.25);
  EXPECT_DOUBLE_EQ(ClippingScale(0.5, 1), 1);
  EXPECT_DOUBLE_EQ(ClippingScale(4, 0), 1);
}

}  // namespace
}  // namespace cohort::learner

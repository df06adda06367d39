#include "common/model/rotary.h"

#include <cmath>
#include <vector>

#include "gmock/gmock.h"

namespace cohort::model {
namespace {

ModelConfig Config() {
  ModelConfig config;
  config.head_dim = 64;
  config.rope_theta = 1e4;
  return config;
}

TEST(RotaryTest, WithoutScalingFrequenciesFallGeometrically) {
  const Rotary rotary(Config());
  ASSERT_EQ(rotary.frequencies.size(), 32);
  EXPECT_EQ(rotary.frequencies[0], 1.0f);
  for (int pair = 0; pair < 32; ++pair) {
    const double expected = std::pow(1e4, -pair / 32.0);
    EXPECT_NEAR(rotary.frequencies[pair], expected, 2e-7 * expected);
  }
}

TEST(RotaryTest, TablesHoldCosinesAndSinesOfTheAngles) {
  const Rotary rotary(Config());
  std::vector<float> cosines(100 * 32), sines(100 * 32);
  rotary.FillTables(100, cosines.data(), sines.data());
  for (int pair = 0; pair < 32; ++pair) {
    const float angle = 99 * rotary.frequencies[pair];
    EXPECT_NEAR(cosines[99 * 32 + pair], std::cos(double{angle}), 1e-7);
    EXPECT_NEAR(sines[99 * 32 + pair], std::sin(double{angle}), 1e-7);
  }
}

TEST(RotaryTest, Llama3StretchesLongWavelengthsAlone) {
  ModelConfig config = Config();
  config.rotary_scaling = {.kind = RotaryScaling::Kind::kLlama3, .factor = 8, .original_positions = 1024};
  const Rotary plain(Config()), scaled(config);
  EXPECT_EQ(scaled.frequencies.front(), plain.frequencies.front());
  EXPECT_FLOAT_EQ(scaled.frequencies.back(), plain.frequencies.back() / 8);
  for (size_t pair = 0; pair < 32; ++pair) {
    EXPECT_LE(scaled.frequencies[pair], plain.frequencies[pair]);
    EXPECT_GE(scaled.frequencies[pair], plain.frequencies[pair] / 8.001f);
  }
}

TEST(RotaryTest, YarnStretchesTheVectorsToo) {
  ModelConfig config = Config();
  config.rotary_scaling = {.kind = RotaryScaling::Kind::kYarn, .factor = 4, .original_positions = 1024, .attention_factor = 1.25};
  const Rotary scaled(config);
  std::vector<float> cosines(32), sines(32);
  scaled.FillTables(1, cosines.data(), sines.data());
  EXPECT_THAT(cosines, ::testing::Each(1.25f));
  EXPECT_FLOAT_EQ(scaled.frequencies.back(), Rotary(Config()).frequencies.back() / 4);
}

}  // namespace
}  // namespace cohort::model

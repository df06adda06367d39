#include "services/learner/pretrain/initialize.h"

#include <cmath>
#include <cstring>

#include "common/io/crc32c.h"
#include "gtest/gtest.h"
#include "tests/unit/services/learner/train/tiny_model.h"

namespace cohort::learner {
namespace {

struct Moments {
  double mean = 0;
  double deviation = 0;
};

Moments MomentsOf(absl::Span<const float> values) {
  Moments moments;
  for (const float value : values) moments.mean += value / static_cast<double>(values.size());
  for (const float value : values) moments.deviation += (value - moments.mean) * (value - moments.mean) / static_cast<double>(values.size());
  moments.deviation = std::sqrt(moments.deviation);
  return moments;
}

constexpr uint32_t kChecksum = 284151117;

class InitializeTest : public ::testing::Test {
 protected:
  InitializeTest() : weights_(model_.layout.size()) { InitializeWeights(model_.config, model_.layout, 1, 0.02, weights_); }

  absl::Span<const float> Values(int slot) const {
    const model::TensorSlot& tensor = model_.layout.slot(slot);
    return static_cast<const model::Arena&>(weights_).floats().subspan(tensor.offset, tensor.size());
  }

  const model::LoadedModel model_ = RandomModel({128, 352, 2, 4, 2, 32, 48, false}, 1);
  model::Arena weights_;
};

TEST_F(InitializeTest, EveryMatrixHasItsDeviation) {
  const model::LayerSlots& layer = model_.layout.layer(1);
  const std::pair<int, double> expected[] = {{model_.layout.embedding(), 0.02},           {layer.qkv_weight, 1 / std::sqrt(128)},
                                             {layer.gate_up_weight, 1 / std::sqrt(128)},  {layer.o_weight, 0.5 / std::sqrt(128)},
                                             {layer.down_weight, 0.5 / std::sqrt(352)},   {model_.layout.lm_head(), 1 / std::sqrt(128)}};
  for (const auto& [slot, deviation] : expected) {
    const Moments moments = MomentsOf(Values(slot));
    EXPECT_NEAR(moments.deviation, deviation, 0.03 * deviation) << model_.layout.slot(slot).name;
    EXPECT_NEAR(moments.mean, 0, 0.05 * deviation) << model_.layout.slot(slot).name;
  }
}

TEST_F(InitializeTest, NormsAreOneAndBiasesZero) {
  for (const float value : Values(model_.layout.final_norm())) EXPECT_EQ(value, 1);
  for (const float value : Values(model_.layout.layer(0).post_norm)) EXPECT_EQ(value, 1);
  for (const float value : Values(model_.layout.layer(0).qkv_bias)) EXPECT_EQ(value, 0);
}

// The checksum of these weights on every machine; exact arithmetic, so compiler and instruction set make no difference.
TEST_F(InitializeTest, EqualSeedsGiveTheSameBitsEverywhere) {
  EXPECT_EQ(io::Crc32c(static_cast<const model::Arena&>(weights_).bytes()), kChecksum);
  model::Arena other(model_.layout.size());
  InitializeWeights(model_.config, model_.layout, 2, 0.02, other);
  EXPECT_NE(std::memcmp(other.bytes().data(), weights_.bytes().data(), other.bytes().size()), 0);
}

}  // namespace
}  // namespace cohort::learner

#include "common/model/arena_layout.h"

#include <cstdint>
#include <set>
#include <string>

#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "tests/unit/common/model/tiny_model.h"

namespace cohort::model {
namespace {

using ::cohort::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

ModelConfig Config(bool tied) { return TinyCheckpoint(tied).model().config; }

TEST(ArenaLayoutTest, SlotsAreAlignedAndDoNotOverlap) {
  ASSERT_OK_AND_ASSIGN(const auto layout, ArenaLayout::Create(Config(false)));
  int64_t end = 0;
  for (const TensorSlot& slot : layout.slots()) {
    EXPECT_EQ(slot.offset % 16, 0) << slot.name;
    EXPECT_GE(slot.offset, end) << slot.name;
    EXPECT_LT(slot.offset - end, 16) << slot.name;
    end = slot.offset + slot.size();
  }
  EXPECT_GE(layout.size(), end);
}

TEST(ArenaLayoutTest, FusesQueryKeyAndValueAndGateAndUp) {
  ASSERT_OK_AND_ASSIGN(const auto layout, ArenaLayout::Create(Config(true)));
  const TensorSlot& qkv = layout.slot(layout.layer(1).qkv_weight);
  EXPECT_EQ(qkv.name, "layers.1.qkv.weight");
  EXPECT_THAT(qkv.shape, ElementsAre((4 + 2 * 2) * 2, 8));
  ASSERT_EQ(qkv.parts.size(), 3);
  EXPECT_EQ(qkv.parts[1].hf_name, "model.layers.1.self_attn.k_proj.weight");
  EXPECT_EQ(qkv.parts[1].rows, 4);
  EXPECT_THAT(layout.slot(layout.layer(0).qkv_bias).shape, ElementsAre(16));
  EXPECT_THAT(layout.slot(layout.layer(0).gate_up_weight).shape, ElementsAre(24, 8));
  EXPECT_THAT(layout.slot(layout.layer(0).down_weight).shape, ElementsAre(8, 12));
  EXPECT_THAT(layout.slot(layout.layer(0).o_weight).shape, ElementsAre(8, 8));
}

TEST(ArenaLayoutTest, PartsFillTheirSlotAndNoNameComesTwice) {
  ASSERT_OK_AND_ASSIGN(const auto layout, ArenaLayout::Create(Config(false)));
  std::set<std::string> names;
  for (const TensorSlot& slot : layout.slots()) {
    int64_t rows = 0;
    for (const auto& part : slot.parts) {
      rows += part.rows;
      EXPECT_TRUE(names.insert(part.hf_name).second) << part.hf_name;
    }
    EXPECT_EQ(rows, slot.shape[0]) << slot.name;
  }
  EXPECT_EQ(names.size(), 2 * 12 + 3);
}

TEST(ArenaLayoutTest, ATiedHeadIsTheEmbedding) {
  ASSERT_OK_AND_ASSIGN(const auto tied, ArenaLayout::Create(Config(true)));
  EXPECT_EQ(tied.lm_head(), tied.embedding());
  ASSERT_OK_AND_ASSIGN(const auto apart, ArenaLayout::Create(Config(false)));
  EXPECT_NE(apart.lm_head(), apart.embedding());
  EXPECT_THAT(apart.slot(apart.lm_head()).shape, ElementsAre(11, 8));
}

TEST(ArenaLayoutTest, HeadNormsOfQwen3LieTogetherAndThereIsNoBias) {
  ModelConfig config = Config(true);
  config.architecture = "Qwen3ForCausalLM";
  config.qkv_bias = false;
  config.qk_norm = true;
  ASSERT_OK_AND_ASSIGN(const auto layout, ArenaLayout::Create(config));
  EXPECT_EQ(layout.layer(0).qkv_bias, -1);
  const TensorSlot& norms = layout.slot(layout.layer(1).qk_norm);
  EXPECT_THAT(norms.shape, ElementsAre(2 * 2));
  ASSERT_EQ(norms.parts.size(), 2);
  EXPECT_EQ(norms.parts[1].hf_name, "model.layers.1.self_attn.k_norm.weight");
}

TEST(ArenaLayoutTest, AnUnknownArchitectureIsRefused) {
  ModelConfig config = Config(true);
  config.architecture = "Other";
  EXPECT_THAT(ArenaLayout::Create(config), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("supported: Qwen2ForCausalLM")));
}

}  // namespace
}  // namespace cohort::model

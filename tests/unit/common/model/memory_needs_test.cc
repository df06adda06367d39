#include "common/model/memory_needs.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::model {
namespace {

using ::testing::HasSubstr;

class MemoryNeedsTest : public ::testing::Test {
 protected:
  // Qwen2.5-0.5B.
  MemoryNeedsTest() {
    config_.architecture = "Qwen2ForCausalLM";
    config_.hidden_size = 896;
    config_.intermediate_size = 4864;
    config_.num_layers = 24;
    config_.num_heads = 14;
    config_.num_kv_heads = 2;
    config_.head_dim = 64;
    config_.vocab_size = 151936;
    config_.tie_word_embeddings = true;
    config_.qkv_bias = true;
  }
  ArenaLayout layout() const { return ArenaLayout::Create(config_).value(); }

  ModelConfig config_;
};

TEST_F(MemoryNeedsTest, WeightsAndTheirStateTakeEighteenBytesAParameter) {
  const auto needs = TrainingNeeds(config_, layout(), {});
  EXPECT_EQ(needs[0].bytes + needs[1].bytes, 18 * layout().size());
  EXPECT_THAT(NeedsText(needs), HasSubstr("weights (fp32 and bf16) 2.8 GiB"));
}

TEST_F(MemoryNeedsTest, WhatIsSwitchedOnIsCounted) {
  const int64_t plain = Sum(TrainingNeeds(config_, layout(), {}));
  EXPECT_EQ(Sum(TrainingNeeds(config_, layout(), {.reference = true})), plain + 2 * layout().size());
  EXPECT_EQ(Sum(TrainingNeeds(config_, layout(), {.may_go_back = true})), plain + 12 * layout().size());
  EXPECT_LT(TrainingNeeds(config_, layout(), {.checkpoints = true})[2].bytes, TrainingNeeds(config_, layout(), {})[2].bytes * 2 / 5);
}

TEST_F(MemoryNeedsTest, ActivationsGrowWithThePassAndLogitsDoNot) {
  const auto needs = TrainingNeeds(config_, layout(), {.pass_tokens = 16384}), twice = TrainingNeeds(config_, layout(), {.pass_tokens = 32768});
  EXPECT_EQ(twice[2].bytes, 2 * needs[2].bytes);
  EXPECT_EQ(twice[3].bytes, needs[3].bytes);
}

TEST_F(MemoryNeedsTest, KeysAndValuesAreThoseOfTheBatchOrWhatMayBeTaken) {
  const auto all = SamplingNeeds(config_, layout(), {.max_batch = 256, .max_context = 2048});
  EXPECT_EQ(all[1].bytes, int64_t{256} * 2048 * 12288);  // 12 KiB a position.
  EXPECT_EQ(SamplingNeeds(config_, layout(), {.max_batch = 256, .max_context = 2048, .kv_bytes = 1000})[1].bytes, 1000);
}

}  // namespace
}  // namespace cohort::model

#include "common/model/memory_needs.h"

#include "common/model/published_sizes.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::model {
namespace {

using ::testing::HasSubstr;

class MemoryNeedsTest : public ::testing::Test {
 protected:
  ArenaLayout layout() const { return ArenaLayout::Create(config_).value(); }

  const ModelConfig config_ = SizesByName("Qwen2.5-0.5B").value();
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
  EXPECT_EQ(Sum(TrainingNeeds(config_, layout(), {.broadcasts = true})), plain + 4 * layout().size());
  EXPECT_EQ(Sum(TrainingNeeds(config_, layout(), {.optimizes = false})), plain - 12 * layout().size());
  EXPECT_EQ(Sum(SamplingNeeds(config_, layout(), {.broadcasts = true})), Sum(SamplingNeeds(config_, layout(), {})) + 2 * layout().size());
  EXPECT_EQ(Sum(TrainingNeeds(config_, layout(), {.reference = true, .reference_on_host = true})), plain);
  EXPECT_LT(TrainingNeeds(config_, layout(), {.checkpoints = true})[2].bytes, TrainingNeeds(config_, layout(), {})[2].bytes * 2 / 5);
}

// What the same tensors took on an H200 (LibTorch 2.11): the peak of what was allocated, and what the GPU was short of afterwards.
TEST_F(MemoryNeedsTest, TrainingIsEstimatedNearWhatWasMeasured) {
  struct Measured {
    const char* model;
    TrainingShape shape;
    double allocated_gib, used_gib;
  };
  const Measured measured[] = {
      {"Qwen2.5-0.5B", {.pass_tokens = 16384}, 23.8, 25.4},
      {"Qwen2.5-1.5B", {.pass_tokens = 16384}, 57.4, 61.6},
      {"Qwen2.5-1.5B", {.pass_tokens = 8192}, 41.7, 44.0},
      {"Qwen2.5-7B", {.pass_tokens = 4096, .checkpoints = true}, 132.5, 133.7},
      {"Llama-3.1-8B", {.pass_tokens = 2048, .checkpoints = true}, 137.7, 139.2},
  };
  for (const Measured& row : measured) {
    const ModelConfig config = SizesByName(row.model).value();
    const auto needs = TrainingNeeds(config, ArenaLayout::Create(config).value(), row.shape);
    const double gib = 1 << 30, allocated = static_cast<double>(needs[0].bytes + needs[1].bytes + needs[2].bytes) / gib;
    EXPECT_NEAR(allocated, row.allocated_gib, 0.02 * row.allocated_gib) << row.model;
    EXPECT_NEAR(static_cast<double>(Sum(needs)) / gib, row.used_gib, 0.07 * row.used_gib) << NeedsText(needs);
  }
}

TEST_F(MemoryNeedsTest, AReferenceThatComesFromTheHostNeedsThePlaceThatActivationsDoNotLeave) {
  const TrainingShape without = {.pass_tokens = 64}, with = {.pass_tokens = 64, .reference = true, .reference_on_host = true};
  const int64_t more = Sum(TrainingNeeds(config_, layout(), with)) - Sum(TrainingNeeds(config_, layout(), without));
  EXPECT_GT(more, layout().size());
  EXPECT_LT(more, 2 * layout().size());
}

TEST_F(MemoryNeedsTest, ActivationsGrowWithThePass) {
  const auto needs = TrainingNeeds(config_, layout(), {.pass_tokens = 16384}), twice = TrainingNeeds(config_, layout(), {.pass_tokens = 32768});
  EXPECT_EQ(twice[2].bytes, 2 * needs[2].bytes);
}

// A short pass needs no more logits than it has rows.
TEST_F(MemoryNeedsTest, TheHeadCountsWhereItIsThePeak) {
  const auto short_pass = TrainingNeeds(config_, layout(), {.pass_tokens = 16});
  EXPECT_GE(short_pass[2].bytes, 16 * config_.vocab_size * 8);
  EXPECT_LT(short_pass[2].bytes, 17 * config_.vocab_size * 8 + 16 * 24 * 40000);
}

TEST_F(MemoryNeedsTest, KeysAndValuesAreThoseOfTheBatchOrWhatMayBeTaken) {
  const auto all = SamplingNeeds(config_, layout(), {.max_batch = 256, .max_context = 2048});
  EXPECT_EQ(all[1].bytes, int64_t{256} * 2048 * 12288);  // 12 KiB a position.
  EXPECT_EQ(SamplingNeeds(config_, layout(), {.max_batch = 256, .max_context = 2048, .kv_bytes = 1000})[1].bytes, 1000);
}

}  // namespace
}  // namespace cohort::model

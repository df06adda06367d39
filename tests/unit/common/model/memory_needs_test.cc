#include "common/model/memory_needs.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/bench/shapes.h"

namespace cohort::model {
namespace {

using ::testing::HasSubstr;

class MemoryNeedsTest : public ::testing::Test {
 protected:
  ArenaLayout layout() const { return ArenaLayout::Create(config_).value(); }

  const ModelConfig config_ = bench::KnownShapes().front().second;  // Qwen2.5-0.5B.
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
  EXPECT_EQ(Sum(SamplingNeeds(config_, layout(), {.broadcasts = true})), Sum(SamplingNeeds(config_, layout(), {})) + 2 * layout().size());
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

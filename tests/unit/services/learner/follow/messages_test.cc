#include "services/learner/follow/messages.h"

#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/learner/train/update_plan.h"
#include "tests/unit/services/learner/train/run_config.h"

namespace cohort::learner {
namespace {

using cohort::testing::StatusIs;
using ::testing::HasSubstr;

TokenBatch SomeBatch() {
  const auto groups = RandomGroups(5, 4, 40, 3);
  const auto plan = PlanUpdate(TinyRunConfig(), TinyConfig({}), 1, 0, groups).value();
  return BuildBatch(groups, plan.minibatches[0].samples);
}

TEST(FollowMessagesTest, ABatchArrivesAsItWasSent) {
  const TokenBatch sent = SomeBatch();
  ASSERT_OK_AND_ASSIGN(const TokenBatch came, FromMessage(ToMessage(sent)));
  EXPECT_EQ(came.tokens(), sent.tokens());
  EXPECT_EQ(came.positions(), sent.positions());
  EXPECT_EQ(came.predicting_rows(), sent.predicting_rows());
  EXPECT_EQ(came.targets(), sent.targets());
  EXPECT_EQ(came.longest(), sent.longest());
  ASSERT_EQ(came.families().size(), sent.families().size());
  for (size_t i = 0; i < sent.families().size(); ++i) {
    EXPECT_EQ(came.families()[i].root.begin, sent.families()[i].root.begin);
    EXPECT_EQ(came.families()[i].root.length, sent.families()[i].root.length);
    EXPECT_EQ(came.families()[i].first_child, sent.families()[i].first_child);
    EXPECT_EQ(came.families()[i].num_children, sent.families()[i].num_children);
  }
  ASSERT_EQ(came.children().size(), sent.children().size());
  for (size_t i = 0; i < sent.children().size(); ++i) EXPECT_EQ(came.children()[i].begin, sent.children()[i].begin);
}

TEST(FollowMessagesTest, ABatchThatContradictsItselfIsRefused) {
  const v1::PackedBatch good = ToMessage(SomeBatch());
  const auto refuses = [&](const std::function<void(v1::PackedBatch&)>& edit, const std::string& why) {
    v1::PackedBatch bad = good;
    edit(bad);
    EXPECT_THAT(FromMessage(bad), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(why)));
  };
  refuses([](v1::PackedBatch& bad) { bad.add_tokens(1); }, "families");
  refuses([](v1::PackedBatch& bad) { bad.mutable_families(0)->set_root(0); }, "families");
  refuses([](v1::PackedBatch& bad) { bad.mutable_families(1)->set_children(0, -1); }, "families");
  refuses([](v1::PackedBatch& bad) { bad.mutable_families(1)->set_children(0, int64_t{1} << 60); }, "families");
  refuses([](v1::PackedBatch& bad) { bad.add_targets(1); }, "target");
  refuses([](v1::PackedBatch& bad) { bad.set_predicting_rows(0, bad.tokens_size()); }, "beyond");
  refuses([](v1::PackedBatch& bad) { bad.set_predicting_rows(0, -1); }, "beyond");
}

TEST(FollowMessagesTest, AModelsSizesArriveAsTheyWereSent) {
  model::ModelConfig config = TinyConfig({.tied = false, .qk_norm = true});
  config.rms_norm_eps = 1e-5;
  config.rope_theta = 5e5;
  config.rotary_scaling = {model::RotaryScaling::Kind::kYarn, 4, 32768, 1.5, 3.5, 31, 2, 1.1, false};
  const model::ModelConfig came = FromMessage(ToMessage(config));
  EXPECT_EQ(ToMessage(came).SerializeAsString(), ToMessage(config).SerializeAsString());
  EXPECT_EQ(came.architecture, config.architecture);
  EXPECT_EQ(came.rotary_scaling.kind, model::RotaryScaling::Kind::kYarn);
  EXPECT_EQ(came.rotary_scaling.attention_factor, 1.1);
  EXPECT_FALSE(came.rotary_scaling.truncate);
  EXPECT_EQ(LayoutChecksum(model::ArenaLayout::Create(came).value()), LayoutChecksum(model::ArenaLayout::Create(config).value()));
}

TEST(FollowMessagesTest, OtherModelsHaveOtherLayouts) {
  const auto checksum = [](const TinySizes& sizes) { return LayoutChecksum(model::ArenaLayout::Create(TinyConfig(sizes)).value()); };
  EXPECT_EQ(checksum({}), checksum({}));
  EXPECT_NE(checksum({}), checksum({.vocab = 48}));
  EXPECT_NE(checksum({}), checksum({.layers = 3}));
  EXPECT_NE(checksum({}), checksum({.qk_norm = true}));
}

}  // namespace
}  // namespace cohort::learner

#include "services/cli/evaluate/verdict_text.h"

#include "gmock/gmock.h"
#include "proto/cohort/reward/v1/reward_service.pb.h"

namespace cohort::cli {
namespace {

TEST(VerdictTextTest, ReadsTheSameWithAndWithoutPrefix) {
  EXPECT_EQ(VerdictText("VERDICT_CORRECT"), "correct");
  EXPECT_EQ(VerdictText("CORRECT"), "correct");
}

TEST(VerdictTextTest, AWrongFormatIsNotCalledAVerdictOnTheAnswer) { EXPECT_EQ(VerdictText("VERDICT_FORMAT"), "not graded"); }

TEST(VerdictTextTest, EveryVerdictReadsAsWords) {
  const auto* verdicts = reward::v1::Verdict_descriptor();
  for (int i = 0; i < verdicts->value_count(); ++i) {
    const std::string text = VerdictText(verdicts->value(i)->name());
    EXPECT_THAT(text, ::testing::Not(::testing::ContainsRegex("[A-Z_]"))) << verdicts->value(i)->name();
    EXPECT_FALSE(text.empty());
  }
}

}  // namespace
}  // namespace cohort::cli

#include "common/reward/auxiliary/tag_count.h"

#include <string>

#include "gtest/gtest.h"

namespace cohort::reward {
namespace {

double Zero(const std::string& text, bool prefilled = false) { return TagCount(text, v1::TEMPLATE_R1_ZERO, prefilled); }

TEST(TagCountTest, EveryTagInItsPlaceCountsAQuarter) {
  EXPECT_EQ(Zero("<think>x</think><answer>4</answer>"), 1);
  EXPECT_EQ(Zero("<think>x</think><answer>4"), 0.75);
  EXPECT_EQ(Zero("<think>x"), 0.25);
  EXPECT_EQ(Zero("x"), 0);
}

TEST(TagCountTest, RepeatedMisplacedAndImitatedTagsDoNotCount) {
  EXPECT_EQ(Zero("<think><think>x</think><answer>4</answer>"), 0.75);
  EXPECT_EQ(Zero("</think>x<think>"), 0.25) << "the order matters";
  EXPECT_EQ(Zero("<answer>4</answer><think>x</think>"), 0.5);
  EXPECT_EQ(Zero("<think>x</think><answer>4</Answer>"), 0);
}

TEST(TagCountTest, APrefilledTagIsRightWhenItIsNotRepeated) {
  EXPECT_EQ(Zero("x</think><answer>4</answer>", true), 1);
  EXPECT_EQ(Zero("<think>x</think><answer>4</answer>", true), 0.75);
}

TEST(TagCountTest, OtherTemplatesHaveFewerTags) {
  EXPECT_EQ(TagCount("<think>x</think>4", v1::TEMPLATE_R1_RELEASED, false), 1);
  EXPECT_EQ(TagCount("<think>x", v1::TEMPLATE_R1_RELEASED, false), 0.5);
  EXPECT_EQ(TagCount("<think>x</think>", v1::TEMPLATE_BOXED_ONLY, false), 0);
}

}  // namespace
}  // namespace cohort::reward

#include "services/cli/evaluate/statistics.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::cli {
namespace {

TEST(PassAtKTest, IsTheShareOfRightSamplesForOneDraw) { EXPECT_DOUBLE_EQ(PassAtK(8, 3, 1), 3.0 / 8); }

TEST(PassAtKTest, AgreesWithCountingByHand) {
  // 1 - C(3,2)/C(5,2) = 1 - 3/10; 1 - C(6,3)/C(10,3) = 1 - 20/120; 1 - C(4,4)/C(6,4) = 1 - 1/15.
  EXPECT_NEAR(PassAtK(5, 2, 2), 0.7, 1e-12);
  EXPECT_NEAR(PassAtK(10, 4, 3), 1 - 20.0 / 120, 1e-12);
  EXPECT_NEAR(PassAtK(6, 2, 4), 1 - 1.0 / 15, 1e-12);
}

TEST(PassAtKTest, IsZeroWithoutARightSampleAndOneWhenEveryDrawMustHoldOne) {
  EXPECT_DOUBLE_EQ(PassAtK(16, 0, 16), 0);
  EXPECT_DOUBLE_EQ(PassAtK(16, 1, 16), 1);
  EXPECT_DOUBLE_EQ(PassAtK(4, 3, 2), 1);
}

TEST(PassAtKTest, StaysAccurateWhereBinomialsOverflow) {
  // C(9999,1)/C(10000,1): one right sample of ten thousand, one draw of five thousand sees it every second time.
  EXPECT_NEAR(PassAtK(10000, 1, 5000), 0.5, 1e-9);
}

TEST(MajorityAtKTest, IsWhatMostVotesSay) {
  EXPECT_DOUBLE_EQ(MajorityAtK({{"12", true}, {"13", false}, {"12", true}}, 3), 1);
  EXPECT_DOUBLE_EQ(MajorityAtK({{"12", true}, {"13", false}, {"13", false}}, 3), 0);
}

TEST(MajorityAtKTest, SharesThePointAmongAnswersThatTie) {
  EXPECT_DOUBLE_EQ(MajorityAtK({{"12", true}, {"13", false}}, 2), 0.5);
  EXPECT_DOUBLE_EQ(MajorityAtK({{"12", true}, {"13", false}, {"14", false}, {"15", false}}, 4), 0.25);
}

TEST(MajorityAtKTest, CountsOnlyTheFirstKVotesAndNoMissingAnswers) {
  EXPECT_DOUBLE_EQ(MajorityAtK({{"12", true}, {"13", false}, {"13", false}}, 1), 1);
  EXPECT_DOUBLE_EQ(MajorityAtK({{"", false}, {"", false}, {"12", true}}, 3), 1);
  EXPECT_DOUBLE_EQ(MajorityAtK({{"", false}, {"", false}}, 2), 0);
}

TEST(MajorityAtKTest, TakesAnswersThatDifferInWhiteSpaceForOne) {
  EXPECT_DOUBLE_EQ(MajorityAtK({{" 12", true}, {"12 ", true}, {"13", false}}, 3), 1);
}

TEST(ContainsAnyTest, FindsOneOfSeveralWordsAndNeverAnEmptyOne) {
  EXPECT_TRUE(ContainsAny("1276 wait ones 9", {"wait"}));
  EXPECT_TRUE(ContainsAny("let me check again", {"wait", "check again"}));
  EXPECT_FALSE(ContainsAny("easy 1276", {"wait"}));
  EXPECT_FALSE(ContainsAny("anything", {}));
  EXPECT_FALSE(ContainsAny("anything", {""}));
}

TEST(QuantileTest, InterpolatesBetweenNeighbours) {
  EXPECT_DOUBLE_EQ(Quantile({4, 1, 3, 2}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(Quantile({}, 0.5), 0);
}

}  // namespace
}  // namespace cohort::cli

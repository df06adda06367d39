#include "common/policy/membership.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class MembershipTest : public ::testing::Test {
 protected:
  // Everybody who is there forms an epoch, and it stands.
  void StandWithAll() {
    for (const int64_t member : membership_.Begin().members) membership_.Report(member, membership_.epoch().number, /*good=*/true);
    ASSERT_TRUE(membership_.Complete());
    membership_.Stand();
  }
  int64_t number() const { return membership_.epoch().number; }

  const absl::Time now_ = absl::FromUnixSeconds(1000);
  Membership membership_{{.gather = absl::Seconds(1), .first_delay = absl::Seconds(10), .max_delay = absl::Seconds(25)}};
};

TEST_F(MembershipTest, NothingIsDueWhileNobodyIsThere) { EXPECT_EQ(membership_.DueAt(), absl::InfiniteFuture()); }

TEST_F(MembershipTest, WorkersThatStartTogetherComeIntoOneEpoch) {
  const int64_t first = membership_.Join("first", now_);
  const int64_t second = membership_.Join("second", now_ + absl::Milliseconds(900));
  EXPECT_EQ(membership_.DueAt(), now_ + absl::Milliseconds(1900)) << "when joins have been quiet for a second";
  EXPECT_THAT(membership_.Begin().members, ElementsAre(first, second));
  EXPECT_EQ(membership_.DueAt(), absl::InfiniteFuture()) << "it is being formed";
}

TEST_F(MembershipTest, AnEpochIsCompleteWhenEveryMemberHasFormedIt) {
  const int64_t first = membership_.Join("first", now_), second = membership_.Join("second", now_);
  membership_.Begin();
  EXPECT_TRUE(membership_.Report(first, number(), true));
  EXPECT_FALSE(membership_.Complete());
  EXPECT_THAT(membership_.Silent(), ElementsAre(second));
  EXPECT_TRUE(membership_.Report(second, number(), true));
  EXPECT_TRUE(membership_.Complete());
  EXPECT_FALSE(membership_.Failed());
  EXPECT_THAT(membership_.Silent(), IsEmpty());
}

TEST_F(MembershipTest, AMemberThatLeavesMakesAnEpochDueAtOnceAndAJoinerLater) {
  const int64_t first = membership_.Join("first", now_);
  membership_.Join("second", now_);
  StandWithAll();
  EXPECT_EQ(membership_.DueAt(), absl::InfiniteFuture());
  const absl::Time later = now_ + absl::Hours(1);
  membership_.Join("third", later);
  EXPECT_EQ(membership_.DueAt(), later + absl::Seconds(1));
  membership_.Leave(first);
  EXPECT_TRUE(membership_.Failed());
  EXPECT_EQ(membership_.DueAt(), absl::InfinitePast());
  EXPECT_EQ(membership_.Begin().number, 2);
  EXPECT_EQ(membership_.epoch().members.size(), 2);
}

TEST_F(MembershipTest, TheLastOneThatLeavesStillDissolvesTheEpoch) {
  const int64_t only = membership_.Join("only", now_);
  StandWithAll();
  membership_.Leave(only);
  EXPECT_EQ(membership_.DueAt(), absl::InfinitePast());
  EXPECT_THAT(membership_.Begin().members, IsEmpty());
  EXPECT_FALSE(membership_.standing());
  EXPECT_EQ(membership_.DueAt(), absl::InfiniteFuture());
}

TEST_F(MembershipTest, AWorkerThatComesAgainIsAnotherMember) {
  const int64_t before = membership_.Join("worker", now_);
  StandWithAll();
  membership_.Leave(before);
  const int64_t after = membership_.Join("worker", now_);
  EXPECT_NE(after, before);
  EXPECT_TRUE(membership_.Failed()) << "the epoch's member is gone all the same";
  EXPECT_THAT(membership_.Begin().members, ElementsAre(after));
}

TEST_F(MembershipTest, ReportsOfOtherEpochsAndOfStrangersAreIgnored) {
  const int64_t member = membership_.Join("member", now_);
  StandWithAll();
  const int64_t late = membership_.Join("late", now_);
  membership_.BeginOperation();
  EXPECT_FALSE(membership_.Report(member, number() - 1, true));
  EXPECT_FALSE(membership_.Report(late, number(), false));
  EXPECT_FALSE(membership_.Complete());
  membership_.Leave(member);
  EXPECT_FALSE(membership_.Report(member, number(), true));
}

TEST_F(MembershipTest, ReportsBelongToOneOperation) {
  const int64_t member = membership_.Join("member", now_);
  StandWithAll();
  membership_.BeginOperation();
  EXPECT_FALSE(membership_.Complete());
  EXPECT_TRUE(membership_.Report(member, number(), false));
  EXPECT_TRUE(membership_.Failed());
  membership_.BeginOperation();
  EXPECT_FALSE(membership_.Failed());
}

TEST_F(MembershipTest, ABrokenEpochIsFormedAgainAtOnceAndThenAfterDelaysThatDoubleUntilOneCarriesABroadcast) {
  membership_.Join("member", now_ - absl::Hours(1));
  const auto delay = [&] {
    membership_.Begin();
    membership_.Break(now_);
    return membership_.DueAt() - now_;
  };
  EXPECT_EQ(delay(), absl::ZeroDuration());
  EXPECT_EQ(delay(), absl::Seconds(10));
  EXPECT_EQ(delay(), absl::Seconds(20));
  EXPECT_EQ(delay(), absl::Seconds(25));
  EXPECT_EQ(delay(), absl::Seconds(25));
  StandWithAll();
  membership_.Succeed();
  EXPECT_EQ(delay(), absl::ZeroDuration());
}

}  // namespace
}  // namespace cohort::policy

// Who may follow, and which place it gets.
#include "services/learner/follow/follower_pool.h"

#include "absl/time/clock.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/services/learner/follow/leader.h"
#include "tests/unit/services/learner/follow/scripted_follower.h"

namespace cohort::learner {
namespace {

using cohort::testing::HasReason;
using cohort::testing::IsOk;
using cohort::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

class FollowerPoolTest : public ::testing::Test {
 protected:
  FollowerPoolTest() { config_.mutable_optimizer()->set_data_parallel(2); }

  // Waits until `condition` holds.
  static bool Eventually(const std::function<bool()>& condition) {
    const absl::Time deadline = absl::Now() + absl::Seconds(30);
    while (!condition() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(10));
    return condition();
  }

  config::v1::RunConfig config_ = TinyRunConfig();
  const model::LoadedModel model_ = RandomModel({}, 21);
};

TEST_F(FollowerPoolTest, AnotherLayoutIsRefused) {
  Leader leader(config_, model_);
  ScriptedFollower other(leader.address(), {.name = "old", .edit_ready = [](v1::FollowerReady& ready) { ready.set_layout_crc32c(ready.layout_crc32c() + 1); }});
  const absl::Status refused = other.Join();
  EXPECT_THAT(refused, HasReason("MODEL_MISMATCH"));
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition, AllOf(HasSubstr("follower old"), HasSubstr("the leader's version"))));
  EXPECT_FALSE(leader.pool().Complete().has_value());
}

TEST_F(FollowerPoolTest, AnotherIncarnationIsRefused) {
  Leader leader(config_, model_);
  ScriptedFollower other(leader.address(), {.edit_ready = [](v1::FollowerReady& ready) { ready.set_incarnation(6); }});
  EXPECT_THAT(other.Join(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("incarnation 6; this is test, 7")));
}

TEST_F(FollowerPoolTest, AnImpossibleNumberOfWorkersIsRefused) {
  Leader leader(config_, model_);
  for (const int64_t workers : {int64_t{-1}, int64_t{0}, int64_t{1} << 40}) {
    ScriptedFollower other(leader.address(), {.edit_ready = [workers](v1::FollowerReady& ready) { ready.set_workers(workers); }});
    EXPECT_THAT(other.Join(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("workers")));
  }
}

TEST_F(FollowerPoolTest, AFollowerOfAnotherRunEndsWithWhatToCorrect) {
  Leader leader(config_, model_);
  FollowerThread follower(leader.address(), "lost", "elsewhere");
  EXPECT_THAT(follower.Join(), StatusIs(absl::StatusCode::kFailedPrecondition, AllOf(HasSubstr("for run elsewhere"), HasSubstr("run test"), HasSubstr("--run"))));
}

TEST_F(FollowerPoolTest, ARunOfOneProcessHasNoFollowers) {
  config_.mutable_optimizer()->set_data_parallel(1);
  Leader leader(config_, model_);
  EXPECT_TRUE(leader.Complete());
  FollowerThread follower(leader.address());
  const absl::Status refused = follower.Join();
  EXPECT_THAT(refused, HasReason("NO_FOLLOWERS"));
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("optimizer.data_parallel")));
}

TEST_F(FollowerPoolTest, ASpareFollowerTakesThePlaceThatBecomesFree) {
  Leader leader(config_, model_);
  auto first = std::make_unique<FollowerThread>(leader.address(), "first");
  ASSERT_TRUE(leader.Complete());
  const FollowerThread spare(leader.address(), "spare");
  EXPECT_THAT(ScriptedFollower(leader.address(), {}).Join(), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("this one waits")));
  EXPECT_EQ(leader.pool().Complete()->at(0)->name(), "first");
  first.reset();
  EXPECT_TRUE(Eventually([&] {
    const auto all = leader.pool().Complete();
    return all.has_value() && all->at(0)->name() == "spare";
  }));
}

TEST_F(FollowerPoolTest, ARestartedFollowerReplacesItsPredecessorWhoseConnectionStillStands) {
  Leader leader(config_, model_);
  ScriptedFollower before(leader.address(), {.name = "pod-1"});
  ASSERT_TRUE(leader.Complete());
  const auto link = leader.pool().Complete()->at(0);
  const FollowerThread after(leader.address(), "pod-1");
  EXPECT_FALSE(before.Join().ok());
  EXPECT_TRUE(Eventually([&] {
    const auto all = leader.pool().Complete();
    return all.has_value() && all->at(0) != link;
  }));
  EXPECT_EQ(link->lost(), "another follower of that name has come");
  EXPECT_THAT(leader.registry().Expose(), HasSubstr("cohort_learner_followers_lost_total 1"));
}

TEST_F(FollowerPoolTest, MetricsSayWhoIsWantedAndThere) {
  config_.mutable_optimizer()->set_data_parallel(3);
  Leader leader(config_, model_);
  EXPECT_THAT(leader.registry().Expose(), AllOf(HasSubstr("cohort_learner_followers_wanted 2"), HasSubstr("cohort_learner_followers_connected 0")));
  const FollowerThread stays(leader.address(), "stays");
  {
    const FollowerThread leaves(leader.address(), "leaves");
    ASSERT_TRUE(leader.Complete());
    EXPECT_THAT(leader.registry().Expose(), AllOf(HasSubstr("cohort_learner_followers_connected 2"), HasSubstr("cohort_learner_followers_lost_total 0")));
  }
  EXPECT_TRUE(Eventually([&] { return leader.registry().Expose().find("cohort_learner_followers_lost_total 1") != std::string::npos; }));
  EXPECT_THAT(leader.registry().Expose(), HasSubstr("cohort_learner_followers_connected 1"));
  EXPECT_THAT(leader.pool().Missing(), AllOf(HasSubstr("1 of 2 followers"), HasSubstr("leaves: its connection has ended")));
}

TEST_F(FollowerPoolTest, FollowersEndWithTheRunAndNotWithTheLeader) {
  Leader leader(config_, model_);
  FollowerThread follower(leader.address());
  ASSERT_TRUE(leader.Complete());
  leader.pool().Dismiss(/*run_done=*/true, "the run is done", absl::Now() + absl::Seconds(30));
  EXPECT_OK(follower.Join());
  FollowerThread late(leader.address(), "late");
  EXPECT_OK(late.Join());

  Leader next(config_, model_);
  FollowerThread loyal(next.address());
  ASSERT_TRUE(next.Complete());
  next.pool().Dismiss(/*run_done=*/false, "the leader is stopping", absl::Now() + absl::Seconds(30));
  EXPECT_FALSE(next.pool().Complete().has_value());
  loyal.Stop();
  EXPECT_OK(loyal.Join());
}

}  // namespace
}  // namespace cohort::learner

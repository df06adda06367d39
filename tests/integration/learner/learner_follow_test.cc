// A learner of several processes when any of them dies: real binaries, a real Redis, scripted workers.
#include <signal.h>

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/learner/learner_process.h"

namespace cohort::learner {
namespace {

using ::cohort::testing::IsOk;
using ::cohort::testing::IsOkAndHolds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kSteps = 30;

absl::Time In(int seconds) { return absl::Now() + absl::Seconds(seconds); }

// A leader with two followers, each of which can be killed and started again.
class Learners {
 public:
  Learners() { leader_.WriteInputs(kSteps); }

  absl::Status Start(bool resume = false, std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--set", "optimizer.data_parallel=3", "--set", "algorithm.kl_coefficient=0.01"});
    return leader_.Start(resume, more);
  }
  void StartFollowers() {
    for (int i = 0; i < 2; ++i) StartFollower(i);
  }
  void StartFollower(int i, const std::vector<std::string>& more = {}) { followers_[i] = leader_.StartFollower(absl::StrCat("follower-", i), more); }
  void Kill(int i) {
    followers_[i]->Signal(SIGKILL);
    EXPECT_OK(followers_[i]->Wait(In(10)));
  }
  process::ChildProcess& follower(int i) { return *followers_[i]; }
  LearnerProcess& leader() { return leader_; }
  int64_t steps_done() const {
    const auto state = leader_.State();
    return state.ok() ? state->steps_done() : 0;
  }

 private:
  LearnerProcess leader_;
  std::unique_ptr<process::ChildProcess> followers_[2];
};

// What a run that nothing disturbs leaves.
struct Outcome {
  std::vector<std::string> curve;
  std::string weights;
};
const Outcome& Undisturbed() {
  static const Outcome* const outcome = [] {
    Learners learners;
    EXPECT_OK(learners.Start());
    learners.StartFollowers();
    learners.leader().StartWorkers(1);
    EXPECT_OK(learners.leader().WaitUntilFinished(In(60)));
    return new Outcome{learners.leader().Curve(), learners.leader().FinalWeights()};
  }();
  return *outcome;
}

void ExpectAsUndisturbed(Learners& learners) {
  ASSERT_OK(learners.leader().WaitUntilFinished(In(60)));
  EXPECT_EQ(Undisturbed().curve.size(), static_cast<size_t>(kSteps));
  EXPECT_EQ(learners.leader().Curve(), Undisturbed().curve);
  EXPECT_TRUE(learners.leader().FinalWeights() == Undisturbed().weights) << "the final weights differ";
  std::set<std::string> ids;
  for (const auto& line : learners.leader().Ledger()) {
    EXPECT_EQ(line["outcome"], "trained");
    EXPECT_TRUE(ids.insert(line["group_id"]).second) << line;
  }
  EXPECT_EQ(ids.size(), static_cast<size_t>(3 * kSteps));
}

TEST(LearnerFollowTest, FollowersThatAreKilledAgainAndAgainChangeNoBit) {
  Learners learners;
  ASSERT_OK(learners.Start());
  learners.StartFollowers();
  learners.leader().StartWorkers(2);
  int victim = 0;
  for (const int64_t step : {1, 4, 6, 9, 13, 17}) {
    ASSERT_OK(learners.leader().WaitForSteps(step, In(60)));
    absl::SleepFor(absl::Milliseconds(7 * step));  // Some place in a step.
    learners.Kill(victim);
    learners.StartFollower(victim);
    victim = 1 - victim;
  }
  ExpectAsUndisturbed(learners);
}

TEST(LearnerFollowTest, AnUpdateWhoseFollowerIsKilledIsRepeated) {
  Learners learners;
  ASSERT_OK(learners.Start());
  learners.StartFollowers();
  learners.leader().StartWorkers(1);
  // Stopped, it holds the update up; but it may stop while none is under way.
  for (int64_t step = 1; step < kSteps && !absl::StrContains(learners.leader().log(), "the update is repeated"); step = learners.steps_done() + 1) {
    ASSERT_OK(learners.leader().WaitForSteps(step, In(60)));
    learners.follower(0).Signal(SIGSTOP);
    absl::SleepFor(absl::Milliseconds(200));
    learners.Kill(0);
    learners.StartFollower(0);
  }
  EXPECT_THAT(learners.leader().log(), AllOf(HasSubstr("follower follower-0, rank "), HasSubstr("is lost"), HasSubstr("the update is repeated")));
  ExpectAsUndisturbed(learners);
}

TEST(LearnerFollowTest, AFollowerThatHangsIsReplaced) {
  Learners learners;
  ASSERT_OK(learners.Start(/*resume=*/false, {"--follower-timeout", "4"}));
  learners.StartFollowers();
  learners.leader().StartWorkers(1);
  ASSERT_OK(learners.leader().WaitForSteps(3, In(60)));
  learners.follower(1).Signal(SIGSTOP);
  const auto spare = learners.leader().StartFollower("spare");
  ExpectAsUndisturbed(learners);
  EXPECT_THAT(learners.leader().log(), HasSubstr("nothing was heard of it for 4s"));
  learners.follower(1).Signal(SIGKILL);
}

TEST(LearnerFollowTest, ALeaderThatIsKilledGoesOnWithTheSameFollowers) {
  Learners learners;
  ASSERT_OK(learners.Start());
  learners.StartFollowers();
  learners.leader().StartWorkers(2);
  for (const int64_t step : {2, 9, 16}) {
    ASSERT_OK(learners.leader().WaitForSteps(step, In(60)));
    absl::SleepFor(absl::Milliseconds(5 * step));
    learners.leader().process().Signal(SIGKILL);
    ASSERT_OK(learners.leader().process().Wait(In(10)));
    ASSERT_OK(learners.Start(/*resume=*/true));
  }
  ExpectAsUndisturbed(learners);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(learners.follower(i).running());
}

TEST(LearnerFollowTest, ARedisThatLosesEverythingBeginsAnotherIncarnationWithThem) {
  Learners learners;
  ASSERT_OK(learners.Start());
  learners.StartFollowers();
  learners.leader().StartWorkers(2);
  ASSERT_OK(learners.leader().WaitForSteps(7, In(60)));
  learners.leader().redis().Kill();
  ASSERT_OK(learners.leader().redis().Restart());
  ExpectAsUndisturbed(learners);
}

TEST(LearnerFollowTest, RolloutsGoOnAndTheUpdateWaitsUntilAllAreThere) {
  Learners learners;
  ASSERT_OK(learners.Start());
  learners.leader().StartWorkers(1);
  const absl::Time deadline = In(60);
  while (!absl::StrContains(learners.leader().log(), "the next update waits") && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(20));
  EXPECT_THAT(learners.leader().log(), HasSubstr("0 of 2 followers are there, missing: rank 1, rank 2"));
  EXPECT_EQ(learners.steps_done(), 0);
  // It can be told to stop meanwhile.
  learners.leader().process().Signal(SIGTERM);
  EXPECT_THAT(learners.leader().process().Wait(In(20)), IsOkAndHolds(0));
  ASSERT_OK(learners.Start(/*resume=*/true));
  learners.StartFollowers();
  ExpectAsUndisturbed(learners);
  EXPECT_THAT(learners.leader().log(), HasSubstr("is rank 2 of 3"));
}

TEST(LearnerFollowTest, SigtermEndsAFollowerWithZeroAndItsSuccessorGoesOn) {
  Learners learners;
  ASSERT_OK(learners.Start());
  learners.StartFollowers();
  learners.leader().StartWorkers(1);
  ASSERT_OK(learners.leader().WaitForSteps(5, In(60)));
  learners.follower(0).Signal(SIGTERM);
  EXPECT_THAT(learners.follower(0).Wait(In(20)), IsOkAndHolds(0));
  learners.StartFollower(0);
  ExpectAsUndisturbed(learners);
}

TEST(LearnerFollowTest, AllEndWithTheRunWhereThatIsAskedFor) {
  Learners learners;
  ASSERT_OK(learners.Start(/*resume=*/false, {"--exit-when-done"}));
  learners.StartFollowers();
  learners.leader().StartWorkers(1);
  EXPECT_THAT(learners.leader().process().Wait(In(60)), IsOkAndHolds(0));
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(learners.follower(i).Wait(In(20)), IsOkAndHolds(0));
    EXPECT_THAT(learners.leader().log(absl::StrCat("follower-", i)), HasSubstr("the run is done"));
  }
  EXPECT_TRUE(learners.leader().FinalWeights() == Undisturbed().weights);
}

TEST(LearnerFollowTest, WhoIsStoppedBeforeTheRunIsDoneDoesNotSayThatItIs) {
  Learners learners;
  ASSERT_OK(learners.Start(/*resume=*/false, {"--exit-when-done"}));
  learners.StartFollower(0, {"--exit-when-done"});
  learners.StartFollower(1);
  learners.leader().StartWorkers(1);
  ASSERT_OK(learners.leader().WaitForSteps(3, In(60)));
  learners.follower(0).Signal(SIGTERM);
  EXPECT_THAT(learners.follower(0).Wait(In(20)), IsOkAndHolds(1));
  learners.leader().process().Signal(SIGTERM);
  EXPECT_THAT(learners.leader().process().Wait(In(20)), IsOkAndHolds(1));
  EXPECT_THAT(learners.leader().log(), HasSubstr("stopped before the run was done; start it again with --resume"));
}

TEST(LearnerFollowTest, AFollowerThatIsNotWantedSaysWhatToCorrect) {
  Learners learners;
  ASSERT_OK(learners.Start());
  const auto run = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = learners.leader().FollowArguments("stray");
    arguments.insert(arguments.end(), more.begin(), more.end());
    return learners.leader().RunToTheEnd(arguments);
  };
  EXPECT_EQ(run({"--run", "elsewhere"}), 1);
  EXPECT_THAT(learners.leader().log(), HasSubstr("is for run elsewhere, but this is the learner of run test; correct --leader or --run"));
  EXPECT_EQ(run({"--threads", "-1"}), 2);
  EXPECT_EQ(learners.leader().RunToTheEnd({"follow"}), 2);
  EXPECT_EQ(learners.leader().RunToTheEnd({"follow", "--help"}), 0);
  EXPECT_THAT(learners.leader().log(), HasSubstr("Example: cohort-learner follow --leader"));

  LearnerProcess alone;
  alone.WriteInputs(1);
  ASSERT_OK(alone.Start(/*resume=*/false));
  EXPECT_EQ(alone.RunToTheEnd(alone.FollowArguments("stray")), 1);
  EXPECT_THAT(alone.log(), HasSubstr("set optimizer.data_parallel"));
}

}  // namespace
}  // namespace cohort::learner

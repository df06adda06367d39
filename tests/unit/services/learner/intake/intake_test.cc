#include "services/learner/intake/intake.h"

#include <limits>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/status/errors.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/services/learner/intake/test_group.h"

namespace cohort::learner {
namespace {

using ::cohort::testing::HasReason;
using ::cohort::testing::IsOk;
using ::cohort::testing::IsOkAndHolds;
using ::cohort::testing::StatusIs;
using ::cohort::testing::TempDir;
using ::testing::HasSubstr;

absl::Time Soon() { return absl::Now() + absl::Seconds(20); }

class IntakeTest : public ::testing::Test {
 protected:
  void SetUp() override { Start(/*next_step=*/0, /*incarnation=*/1); }
  void TearDown() override { journal_.reset(); }

  void Start(int64_t next_step, int64_t incarnation) {
    journal_.reset();
    intake_.reset();
    auto journal = Journal::Open({directory_.path()}, next_step);
    ASSERT_OK(journal);
    journal_ = *std::move(journal);
    const GroupRules rules = {.group_size = 2, .max_new_tokens = 4, .vocab_size = 10, .max_staleness = 1};
    intake_ = std::make_unique<Intake>(Intake::Options{"run", incarnation, next_step, rules}, journal_.get());
  }

  absl::Status Submit(const learner::v1::Group& group) {
    absl::Notification done;
    absl::Status result;
    intake_->Submit(group, [&](const absl::Status& status) {
      result = status;
      done.Notify();
    });
    done.WaitForNotification();
    return result;
  }

  TempDir directory_;
  std::unique_ptr<Intake> intake_;
  std::unique_ptr<Journal> journal_;
};

TEST_F(IntakeTest, AStepIsCompleteOnceEverySlotHasItsGroup) {
  EXPECT_THAT(intake_->Open(0, /*row=*/5), IsOkAndHolds(true));
  EXPECT_THAT(intake_->Open(0, /*row=*/6), IsOkAndHolds(true));
  ASSERT_OK(Submit(TestGroup(0, 1, 6, 0)));
  EXPECT_THAT(intake_->WaitForStep(0, absl::Now()), StatusIs(absl::StatusCode::kDeadlineExceeded));
  ASSERT_OK(Submit(TestGroup(0, 0, 5, 0)));
  EXPECT_OK(intake_->WaitForStep(0, Soon()));
  const auto slots = intake_->TakeNext();
  ASSERT_EQ(slots.size(), 2u);
  EXPECT_EQ(slots[0].group.group_id(), "run/0/0");
  EXPECT_EQ(slots[1].group.group_id(), "run/0/1");
}

TEST_F(IntakeTest, AGroupIsAcceptedExactlyOnceAlsoAfterItsStep) {
  ASSERT_OK(intake_->Open(0, 5));
  ASSERT_OK(Submit(TestGroup(0, 0, 5, 0)));
  EXPECT_THAT(Submit(TestGroup(0, 0, 5, 0)), StatusIs(absl::StatusCode::kAlreadyExists));
  intake_->TakeNext();
  EXPECT_THAT(Submit(TestGroup(0, 0, 5, 0)), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(intake_->counts().duplicates, 2);
  EXPECT_EQ(intake_->counts().accepted, 1);
}

TEST_F(IntakeTest, OfManyConcurrentHandInsOneIsAccepted) {
  ASSERT_OK(intake_->Open(0, 5));
  std::vector<sync::Thread> threads;
  absl::Mutex mutex;
  std::map<absl::StatusCode, int> answers;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back("submit", [&] {
      const absl::Status status = Submit(TestGroup(0, 0, 5, 0));
      absl::MutexLock lock(&mutex);
      ++answers[status.code()];
    });
  }
  for (sync::Thread& thread : threads) thread.Join();
  EXPECT_EQ(answers[absl::StatusCode::kOk], 1);
  EXPECT_EQ(answers[absl::StatusCode::kAlreadyExists] + answers[absl::StatusCode::kUnavailable], 7);
}

TEST_F(IntakeTest, SlotsThatAreNotOpenAreUnknown) {
  ASSERT_OK(intake_->Open(0, 5));
  for (const learner::v1::Group& group : {TestGroup(0, 1, 5, 0), TestGroup(7, 0, 5, 7)}) {
    EXPECT_THAT(Submit(group), StatusIs(absl::StatusCode::kNotFound));
    EXPECT_THAT(Submit(group), HasReason("UNKNOWN_SLOT"));
  }
  learner::v1::Group foreign = TestGroup(0, 0, 5, 0);
  foreign.set_group_id("other/0/0");
  EXPECT_THAT(Submit(foreign), HasReason("UNKNOWN_SLOT"));
}

TEST_F(IntakeTest, AnswersToAnEarlierLearnerAreRefusedEvenForSlotsThatAreNotOpen) {
  Start(0, /*incarnation=*/2);
  ASSERT_OK(intake_->Open(0, 5));
  EXPECT_THAT(Submit(TestGroup(0, 0, 5, 0, /*incarnation=*/1)), HasReason("OTHER_INCARNATION"));
  EXPECT_THAT(Submit(TestGroup(9, 0, 5, 0, /*incarnation=*/1)), HasReason("OTHER_INCARNATION"));
  EXPECT_OK(Submit(TestGroup(0, 0, 5, 0, /*incarnation=*/2)));
}

TEST_F(IntakeTest, EveryTokenMustBeFreshEnough) {
  for (int64_t slot = 0; slot < 4; ++slot) ASSERT_OK(intake_->Open(3, slot));
  EXPECT_THAT(Submit(TestGroup(3, 0, 0, /*version=*/1)), HasReason("STALE_POLICY"));
  EXPECT_THAT(Submit(TestGroup(3, 0, 0, /*version=*/4)), HasReason("STALE_POLICY"));
  learner::v1::Group mixed = TestGroup(3, 0, 0, 2);
  mixed.mutable_completions(1)->mutable_versions(0)->set_policy_version(1);
  mixed.mutable_completions(1)->mutable_versions(0)->set_token_count(1);
  auto& later = *mixed.mutable_completions(1)->add_versions();
  later.set_policy_version(3);
  later.set_token_count(2);
  EXPECT_THAT(Submit(mixed), HasReason("STALE_POLICY"));
  EXPECT_EQ(intake_->counts().stale, 3);
  mixed.mutable_completions(1)->mutable_versions(0)->set_policy_version(2);
  EXPECT_OK(Submit(mixed));
  EXPECT_OK(Submit(TestGroup(3, 1, 1, /*version=*/3)));
}

TEST_F(IntakeTest, MalformedGroupsAreNamedAndLeaveTheSlotOpen) {
  ASSERT_OK(intake_->Open(0, 5));
  const std::vector<std::pair<std::string, std::function<void(learner::v1::Group&)>>> wrongs = {
      {"completions instead of 2", [](auto& g) { g.mutable_completions()->RemoveLast(); }},
      {"has 0 tokens", [](auto& g) { g.mutable_completions(0)->clear_token_ids(); }},
      {"has 5 tokens", [](auto& g) { g.mutable_completions(0)->add_token_ids(1), g.mutable_completions(0)->add_token_ids(1); }},
      {"token id 10", [](auto& g) { g.mutable_completions(0)->set_token_ids(1, 10); }},
      {"token id -1", [](auto& g) { g.mutable_completions(0)->set_token_ids(1, -1); }},
      {"2 log-probabilities for 3 tokens", [](auto& g) { g.mutable_completions(1)->mutable_sampler_logprobs()->RemoveLast(); }},
      {"log-probability of nan", [](auto& g) { g.mutable_completions(1)->set_sampler_logprobs(0, std::numeric_limits<float>::quiet_NaN()); }},
      {"log-probability of -inf", [](auto& g) { g.mutable_completions(1)->set_sampler_logprobs(0, -std::numeric_limits<float>::infinity()); }},
      {"log-probability of 1", [](auto& g) { g.mutable_completions(1)->set_sampler_logprobs(0, 1); }},
      {"over 2 of 3 tokens", [](auto& g) { g.mutable_completions(1)->mutable_versions(0)->set_token_count(2); }},
      {"not finished", [](auto& g) { g.mutable_completions(1)->set_finish_reason(common::v1::FINISH_REASON_ABORTED); }},
      {"no verdict", [](auto& g) { g.mutable_completions(1)->clear_score(); }},
      {"data row 5, not 6", [](auto& g) { g.set_row(6); }},
      {"says step 1", [](auto& g) { g.set_step(1); }},
  };
  for (const auto& [message, damage] : wrongs) {
    learner::v1::Group group = TestGroup(0, 0, 5, 0);
    damage(group);
    EXPECT_THAT(Submit(group), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
  }
  EXPECT_EQ(intake_->counts().malformed, static_cast<int64_t>(wrongs.size()));
  EXPECT_OK(Submit(TestGroup(0, 0, 5, 0)));
}

TEST_F(IntakeTest, AJournalledGroupFillsItsSlotAfterARestart) {
  ASSERT_OK(intake_->Open(0, 5));
  ASSERT_OK(intake_->Open(0, 6));
  ASSERT_OK(Submit(TestGroup(0, 1, 6, 0)));

  Start(0, /*incarnation=*/2);
  EXPECT_THAT(intake_->Open(0, 5), IsOkAndHolds(true));
  EXPECT_THAT(intake_->Open(0, 6), IsOkAndHolds(false));
  EXPECT_THAT(Submit(TestGroup(0, 1, 6, 0, /*incarnation=*/1)), StatusIs(absl::StatusCode::kAlreadyExists));
  ASSERT_OK(Submit(TestGroup(0, 0, 5, 0, /*incarnation=*/2)));
  EXPECT_OK(intake_->WaitForStep(0, Soon()));
}

TEST_F(IntakeTest, AJournalledGroupOfASlotThatIsNotOpenYetIsADuplicate) {
  ASSERT_OK(intake_->Open(1, 5));
  ASSERT_OK(Submit(TestGroup(1, 0, 5, 0)));
  Start(0, 2);
  EXPECT_THAT(Submit(TestGroup(1, 0, 5, 0)), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(IntakeTest, AJournalledGroupOfAnotherRowIsNotUsed) {
  ASSERT_OK(intake_->Open(0, 5));
  ASSERT_OK(Submit(TestGroup(0, 0, 5, 0)));
  Start(0, 2);
  EXPECT_THAT(intake_->Open(0, /*row=*/4), IsOkAndHolds(true));
}

TEST_F(IntakeTest, ASlotThatIsGivenUpIsResolvedAndStaysSoAfterARestart) {
  ASSERT_OK(intake_->Open(0, 5));
  EXPECT_TRUE(intake_->GiveUp(0, 0, "worker-1", "4bf92f3577b34da6a3ce929d0e0e4736"));
  EXPECT_FALSE(intake_->GiveUp(0, 0, "worker-1", "4bf92f3577b34da6a3ce929d0e0e4736"));
  EXPECT_OK(intake_->WaitForStep(0, Soon()));
  EXPECT_THAT(Submit(TestGroup(0, 0, 5, 0)), HasReason("UNKNOWN_SLOT"));
  Start(0, 2);
  EXPECT_THAT(intake_->Open(0, 5), IsOkAndHolds(false));
  EXPECT_OK(intake_->WaitForStep(0, Soon()));
  EXPECT_EQ(intake_->TakeNext().front().group.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
}

TEST_F(IntakeTest, AStopEndsTheWaitAndRefusesGroups) {
  ASSERT_OK(intake_->Open(0, 5));
  absl::Status waited;
  sync::Thread waiter("waiter", [&] { waited = intake_->WaitForStep(0, absl::InfiniteFuture()); });
  intake_->Stop();
  waiter.Join();
  EXPECT_THAT(waited, StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(Submit(TestGroup(0, 0, 5, 0)), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace cohort::learner

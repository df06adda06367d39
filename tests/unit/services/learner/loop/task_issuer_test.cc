#include "services/learner/loop/task_issuer.h"

#include "absl/time/clock.h"
#include "common/queue/in_memory_prompt_queue.h"
#include "common/status/errors.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::learner {
namespace {

using ::cohort::testing::HasReason;
using ::cohort::testing::IsOk;
using ::cohort::testing::IsOkAndHolds;
using ::cohort::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

absl::Time Soon() { return absl::Now() + absl::Seconds(10); }

class TaskIssuerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    config_.mutable_run()->set_name("run");
    config_.mutable_algorithm()->set_prompts_per_step(2);
    config_.mutable_algorithm()->set_group_size(2);
    prompts_ = {{{1}, "a", "1", "d:1", ""}, {{2}, "b", "2", "d:2", ""}, {{3}, "c", "3", "d:3", ""}};
    journal_ = *Journal::Open({directory_.path()}, 0);
    const int64_t incarnation = *queue_.BeginIncarnation(Soon());
    tasks_ = std::make_unique<TaskBuilder>(config_, prompts_, incarnation);
    intake_ = std::make_unique<Intake>(Intake::Options{"run", incarnation, 0, {}}, journal_.get());
    issuer_ = std::make_unique<TaskIssuer>(TaskIssuer::Options{"run", incarnation}, &queue_, tasks_.get(), intake_.get(), &metrics_, stop_.token());
  }
  void TearDown() override { journal_.reset(); }

  queue::Lease Take() {
    const auto leases = worker_.Take(1, Soon());
    EXPECT_THAT(leases, IsOkAndHolds(SizeIs(1)));
    return leases->front();
  }

  testing::TempDir directory_;
  config::v1::RunConfig config_;
  std::vector<data::PreparedPrompt> prompts_;
  metrics::Registry registry_;
  StepMetrics metrics_{registry_};
  sync::StopSource stop_;
  std::shared_ptr<queue::InMemoryQueueState> state_ = std::make_shared<queue::InMemoryQueueState>();
  queue::InMemoryPromptQueue queue_{state_, {.run_id = "run", .consumer = "learner", .max_backlog = 4}};
  queue::InMemoryPromptQueue worker_{state_, {.run_id = "run", .consumer = "worker"}};
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<TaskBuilder> tasks_;
  std::unique_ptr<Intake> intake_;
  std::unique_ptr<TaskIssuer> issuer_;
};

TEST_F(TaskIssuerTest, OpensSlotsInOrderAndIssuesTheirTasks) {
  ASSERT_OK(issuer_->OpenSlots(0, 2));
  ASSERT_OK(issuer_->OpenSlots(0, 1));
  EXPECT_THAT(queue_.PendingGroups(Soon()), IsOkAndHolds(ElementsAre("run/0/0", "run/0/1", "run/0/2")));
  EXPECT_EQ(intake_->Count(0), 3);
}

TEST_F(TaskIssuerTest, IssuesAgainOnlyWhatTheQueueHasLost) {
  ASSERT_OK(issuer_->OpenSlots(0, 2));
  ASSERT_OK(worker_.Acknowledge(Take(), Soon()));  // Gone, and nobody handed a group in.
  const queue::Lease held = Take();
  ASSERT_OK(issuer_->Reconcile());
  EXPECT_THAT(queue_.PendingGroups(Soon()), IsOkAndHolds(ElementsAre("run/0/1", "run/0/0")));
  ASSERT_OK(issuer_->Reconcile());
  EXPECT_THAT(queue_.PendingGroups(Soon()), IsOkAndHolds(SizeIs(2)));
}

TEST_F(TaskIssuerTest, GivesUpTheSlotsOfDeadLetters) {
  ASSERT_OK(issuer_->OpenSlots(0, 1));
  ASSERT_OK(worker_.Bury(Take(), "cannot be sampled", Soon()));
  ASSERT_OK(issuer_->Reconcile());
  EXPECT_THAT(queue_.PendingGroups(Soon()), IsOkAndHolds(IsEmpty()));
  EXPECT_OK(intake_->WaitForStep(0, absl::Now()));
}

TEST_F(TaskIssuerTest, AnotherLearnerEndsTheIssuing) {
  queue::InMemoryPromptQueue other(state_, {.run_id = "run", .consumer = "other"});
  ASSERT_OK(other.BeginIncarnation(Soon()));
  EXPECT_THAT(issuer_->OpenSlots(0, 1), HasReason("OTHER_INCARNATION"));
}

TEST_F(TaskIssuerTest, WaitsForRoomInTheBacklogForWhatDoesNotFit) {
  absl::Status issued;
  sync::Thread issuing("issuing", [&] { issued = issuer_->OpenSlots(0, 6); });
  std::vector<std::string> groups;
  for (int i = 0; i < 6; ++i) {
    groups.push_back(Take().task.group_id());
    EXPECT_LE(queue_.Stats(Soon())->backlog, 4);
  }
  issuing.Join();
  EXPECT_OK(issued);
  EXPECT_THAT(groups, ElementsAre("run/0/0", "run/0/1", "run/0/2", "run/0/3", "run/0/4", "run/0/5"));
}

TEST_F(TaskIssuerTest, AStopEndsTheWaitForRoom) {
  absl::Status issued;
  sync::Thread issuing("issuing", [&] { issued = issuer_->OpenSlots(0, 6); });
  stop_.RequestStop();
  issuing.Join();
  EXPECT_THAT(issued, StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(TaskIssuerTest, SaysWhyGroupsMayBeMissing) {
  EXPECT_EQ(issuer_->DescribeQueue(), "the queue is empty");
  ASSERT_OK(issuer_->OpenSlots(0, 2));
  EXPECT_THAT(issuer_->DescribeQueue(), HasSubstr("2 tasks wait and no worker takes any"));
  const queue::Lease held = Take();
  EXPECT_THAT(issuer_->DescribeQueue(), HasSubstr("workers hold 1 tasks, 1 wait"));
}

}  // namespace
}  // namespace cohort::learner

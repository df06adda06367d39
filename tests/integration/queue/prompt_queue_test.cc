// One suite for every implementation of PromptQueue.
#include "common/queue/prompt_queue.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "common/sync/thread.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/queue/queue_under_test.h"

namespace cohort::queue {
namespace {

using ::cohort::testing::HasReason;
using ::cohort::testing::IsOkAndHolds;
using ::cohort::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Property;
using ::testing::SizeIs;
using prompt::v1::DeadLetter;
using prompt::v1::PromptTask;

constexpr absl::Duration kLease = absl::Seconds(60);

// Far enough for a busy machine.
absl::Time Soon() { return absl::Now() + absl::Seconds(20); }
// A short wait for something that must not come.
absl::Time Briefly() { return absl::Now() + absl::Milliseconds(40); }

PromptTask Task(const std::string& group_id) {
  PromptTask task;
  task.set_group_id(group_id);
  task.set_gold_answer("42");
  task.add_prompt_token_ids(7);
  return task;
}

std::vector<PromptTask> Tasks(int count, const std::string& prefix = "g") {
  std::vector<PromptTask> tasks;
  for (int i = 0; i < count; ++i) tasks.push_back(Task(absl::StrCat(prefix, i)));
  return tasks;
}

MATCHER_P2(LeaseOf, group_id, attempt, "is attempt number `attempt` at that group") {
  *result_listener << arg.task.group_id() << " attempt " << arg.attempt;
  return arg.task.group_id() == group_id && arg.attempt == attempt;
}

class PromptQueueTest : public ::testing::TestWithParam<QueueKind> {
 protected:
  void SetUp() override {
    learner_ = OpenQueue("learner");
    ASSERT_OK(learner_->BeginIncarnation(Soon()));
  }

  QueueOptions Options(const std::string& consumer) {
    return {.run_id = "run", .consumer = consumer, .lease = kLease, .max_attempts = 3, .max_backlog = 10};
  }
  std::unique_ptr<PromptQueue> OpenQueue(const std::string& consumer) { return OpenWith(Options(consumer)); }
  std::unique_ptr<PromptQueue> OpenWith(QueueOptions options) {
    auto queue = under_test_->Open(std::move(options));
    EXPECT_OK(queue);
    return *std::move(queue);
  }

  PromptQueue& learner() { return *learner_; }
  void Issue(const std::vector<PromptTask>& tasks) { ASSERT_OK(learner().Issue(tasks, Soon())); }
  // Takes one task, which must be there.
  Lease TakeOne(PromptQueue& queue) {
    auto leases = queue.Take(1, Soon());
    EXPECT_THAT(leases, IsOkAndHolds(SizeIs(1)));
    return leases.ok() && !leases->empty() ? leases->front() : Lease();
  }
  void AdvancePastLease() { under_test_->AgeLeases(kLease); }
  QueueStats Stats() {
    auto stats = learner().Stats(Soon());
    EXPECT_OK(stats);
    return *stats;
  }

  std::unique_ptr<QueueUnderTest> under_test_ = GetParam().make();
  std::unique_ptr<PromptQueue> learner_;
};

TEST_P(PromptQueueTest, DeliversTasksWholeAndInTheOrderOfIssue) {
  auto worker = OpenQueue("worker");
  Issue(Tasks(3));
  ASSERT_OK_AND_ASSIGN(const std::vector<Lease> leases, worker->Take(10, Soon()));
  EXPECT_THAT(leases, ElementsAre(LeaseOf("g0", 1), LeaseOf("g1", 1), LeaseOf("g2", 1)));
  EXPECT_EQ(leases[0].task.SerializeAsString(), Task("g0").SerializeAsString());
}

TEST_P(PromptQueueTest, TakeReturnsAtMostWhatWasAskedFor) {
  auto worker = OpenQueue("worker");
  Issue(Tasks(3));
  EXPECT_THAT(worker->Take(2, Soon()), IsOkAndHolds(SizeIs(2)));
  EXPECT_THAT(worker->Take(2, Soon()), IsOkAndHolds(SizeIs(1)));
}

TEST_P(PromptQueueTest, TakeFromAnEmptyQueueReturnsNothingAtItsDeadline) {
  const absl::Time deadline = absl::Now() + absl::Milliseconds(200);
  EXPECT_THAT(OpenQueue("worker")->Take(1, deadline), IsOkAndHolds(IsEmpty()));
  EXPECT_GE(absl::Now(), deadline);
}

TEST_P(PromptQueueTest, WaitingTakeGetsATaskThatIsIssuedLater) {
  auto worker = OpenQueue("worker");
  absl::StatusOr<std::vector<Lease>> leases;
  sync::Thread taker("taker", [&] { leases = worker->Take(1, Soon()); });
  absl::SleepFor(absl::Milliseconds(50));
  Issue({Task("late")});
  taker.Join();
  EXPECT_THAT(leases, IsOkAndHolds(ElementsAre(LeaseOf("late", 1))));
}

TEST_P(PromptQueueTest, TaskIsHeldByOneWorkerAtATime) {
  auto first = OpenQueue("first"), second = OpenQueue("second");
  Issue(Tasks(1));
  TakeOne(*first);
  EXPECT_THAT(second->Take(1, Briefly()), IsOkAndHolds(IsEmpty()));
}

TEST_P(PromptQueueTest, AcknowledgedTaskIsGoneForGood) {
  auto worker = OpenQueue("worker");
  Issue(Tasks(1));
  const Lease lease = TakeOne(*worker);
  EXPECT_OK(worker->Acknowledge(lease, Soon()));
  AdvancePastLease();
  EXPECT_THAT(worker->Take(1, Briefly()), IsOkAndHolds(IsEmpty()));
  EXPECT_OK(worker->Acknowledge(lease, Soon())) << "a second acknowledgement does no harm";
}

TEST_P(PromptQueueTest, TaskOfADeadWorkerGoesToTheNextOneWithItsAttemptCounted) {
  auto dead = OpenQueue("dead"), alive = OpenQueue("alive");
  Issue({Task("g1")});
  TakeOne(*dead);
  AdvancePastLease();
  EXPECT_THAT(alive->Take(1, Soon()), IsOkAndHolds(ElementsAre(LeaseOf("g1", /*attempt=*/2))));
}

TEST_P(PromptQueueTest, TasksOfDeadWorkersGoBeforeNewOnes) {
  auto dead = OpenQueue("dead"), alive = OpenQueue("alive");
  Issue({Task("old"), Task("new1"), Task("new2")});
  TakeOne(*dead);
  AdvancePastLease();
  EXPECT_THAT(alive->Take(2, Soon()), IsOkAndHolds(ElementsAre(LeaseOf("old", 2), LeaseOf("new1", 1))));
}

TEST_P(PromptQueueTest, WaitingTakeNoticesAWorkerThatDies) {
  auto dead = OpenQueue("dead"), alive = OpenQueue("alive");
  Issue({Task("g1")});
  TakeOne(*dead);
  absl::StatusOr<std::vector<Lease>> leases;
  sync::Thread taker("taker", [&] { leases = alive->Take(1, Soon()); });
  absl::SleepFor(absl::Milliseconds(30));
  AdvancePastLease();
  taker.Join();
  EXPECT_THAT(leases, IsOkAndHolds(ElementsAre(LeaseOf("g1", 2))));
}

TEST_P(PromptQueueTest, RenewedLeaseIsNotLost) {
  auto holder = OpenQueue("holder"), other = OpenQueue("other");
  Issue({Task("g1")});
  const Lease lease = TakeOne(*holder);
  for (int i = 0; i < 3; ++i) {
    under_test_->AgeLeases(kLease / 2);
    ASSERT_OK(holder->Renew(lease, Soon()));
  }
  EXPECT_THAT(other->Take(1, Briefly()), IsOkAndHolds(IsEmpty()));
  EXPECT_OK(holder->Acknowledge(lease, Soon()));
}

TEST_P(PromptQueueTest, RenewOfALostLeaseIsNotFoundAndLeavesItToItsNewHolder) {
  auto slow = OpenQueue("slow"), fast = OpenQueue("fast"), third = OpenQueue("third");
  Issue({Task("g1")});
  const Lease lost = TakeOne(*slow);
  AdvancePastLease();
  const Lease held = TakeOne(*fast);
  under_test_->AgeLeases(kLease / 2);
  EXPECT_THAT(slow->Renew(lost, Soon()), StatusIs(absl::StatusCode::kNotFound, HasSubstr("g1")));
  under_test_->AgeLeases(kLease / 2);
  EXPECT_THAT(third->Take(1, Soon()), IsOkAndHolds(ElementsAre(LeaseOf("g1", 3)))) << "the vain renewal must not have prolonged the other's lease";
  EXPECT_THAT(fast->Renew(held, Soon()), StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(PromptQueueTest, WorkerRestartedUnderItsOldNameDoesNotRenewItsFormerLease) {
  auto before = OpenQueue("worker"), after = OpenQueue("worker");
  Issue({Task("g1")});
  const Lease former = TakeOne(*before);
  AdvancePastLease();
  const Lease present = TakeOne(*after);
  EXPECT_THAT(before->Renew(former, Soon()), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_OK(after->Renew(present, Soon()));
}

TEST_P(PromptQueueTest, WorkerRestartedUnderItsOldNameGetsItsTasksBackAtOnceAsAFurtherAttempt) {
  auto before = OpenQueue("worker"), other = OpenQueue("other");
  Issue({Task("mine"), Task("others"), Task("new")});
  const Lease former = TakeOne(*before);
  TakeOne(*other);
  auto after = OpenQueue("worker");
  EXPECT_THAT(after->Take(1, Soon()), IsOkAndHolds(ElementsAre(LeaseOf("mine", 2))));
  EXPECT_THAT(before->Renew(former, Soon()), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(after->Take(5, Soon()), IsOkAndHolds(ElementsAre(LeaseOf("new", 1))));
  EXPECT_THAT(after->Take(5, Briefly()), IsOkAndHolds(IsEmpty())) << "what this object holds itself is not taken for its predecessor's";
}

TEST_P(PromptQueueTest, TaskThatKillsAWorkerAtEveryRestartBecomesADeadLetter) {
  Issue({Task("poison")});
  for (int attempt = 1; attempt <= 3; ++attempt) {
    EXPECT_THAT(OpenQueue("worker")->Take(1, Soon()), IsOkAndHolds(ElementsAre(LeaseOf("poison", attempt))));
  }
  EXPECT_THAT(OpenQueue("worker")->Take(1, Briefly()), IsOkAndHolds(IsEmpty()));
  EXPECT_EQ(Stats().dead_letters, 1);
}

TEST_P(PromptQueueTest, SeveralThreadsMayTakeFromOneObject) {
  auto worker = OpenQueue("worker");
  Issue(Tasks(8));
  std::vector<absl::StatusOr<std::vector<Lease>>> results(4);
  std::vector<sync::Thread> takers;
  for (auto& result : results) takers.emplace_back("taker", [&] { result = worker->Take(2, Soon()); });
  for (sync::Thread& taker : takers) taker.Join();
  std::set<std::string> groups;
  for (const auto& result : results) {
    ASSERT_THAT(result, IsOkAndHolds(SizeIs(2)));
    for (const Lease& lease : *result) groups.insert(lease.task.group_id());
  }
  EXPECT_EQ(groups.size(), 8);
}

TEST_P(PromptQueueTest, RenewAfterAnAcknowledgementIsNotFound) {
  auto worker = OpenQueue("worker");
  Issue(Tasks(1));
  const Lease lease = TakeOne(*worker);
  ASSERT_OK(worker->Acknowledge(lease, Soon()));
  EXPECT_THAT(worker->Renew(lease, Soon()), StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(PromptQueueTest, LateAcknowledgementRemovesATaskThatAnotherWorkerHolds) {
  auto slow = OpenQueue("slow"), fast = OpenQueue("fast");
  Issue({Task("g1")});
  const Lease lost = TakeOne(*slow);
  AdvancePastLease();
  const Lease held = TakeOne(*fast);
  EXPECT_OK(slow->Acknowledge(lost, Soon())) << "the learner has accepted the group: nobody needs it any more";
  EXPECT_THAT(fast->Renew(held, Soon()), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(Stats().leased, 0);
}

TEST_P(PromptQueueTest, ReleasedTaskIsLeasedAtOnceAndTheDeliveryDoesNotCount) {
  auto leaving = OpenQueue("leaving"), staying = OpenQueue("staying");
  Issue({Task("g1"), Task("g2")});
  EXPECT_OK(leaving->Release(TakeOne(*leaving), Soon()));
  EXPECT_EQ(Stats().backlog, 2);
  EXPECT_EQ(Stats().leased, 0);
  EXPECT_THAT(staying->Take(5, Soon()), IsOkAndHolds(ElementsAre(LeaseOf("g1", 1), LeaseOf("g2", 1))));
}

TEST_P(PromptQueueTest, ReleaseByAWorkerThatLostTheLeaseChangesNothing) {
  auto slow = OpenQueue("slow"), fast = OpenQueue("fast");
  Issue({Task("g1")});
  const Lease lost = TakeOne(*slow);
  AdvancePastLease();
  const Lease held = TakeOne(*fast);
  EXPECT_OK(slow->Release(lost, Soon()));
  EXPECT_OK(fast->Renew(held, Soon()));
}

TEST_P(PromptQueueTest, BuriedTaskIsADeadLetterWithItsReason) {
  auto worker = OpenQueue("worker");
  Issue({Task("bad")});
  EXPECT_OK(worker->Bury(TakeOne(*worker), "the prompt is longer than the context", Soon()));
  EXPECT_THAT(learner().PendingGroups(Soon()), IsOkAndHolds(IsEmpty()));
  ASSERT_OK_AND_ASSIGN(const std::vector<DeadLetter> letters, learner().DeadLetters(10, Soon()));
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].task().SerializeAsString(), Task("bad").SerializeAsString());
  EXPECT_EQ(letters[0].reason(), "the prompt is longer than the context");
  EXPECT_EQ(letters[0].attempts(), 1);
  EXPECT_EQ(letters[0].last_worker(), "worker");
  EXPECT_NEAR(letters[0].died_at_ms(), absl::ToUnixMillis(absl::Now()), 60000);
}

TEST_P(PromptQueueTest, BuryOfALostLeaseIsNotFound) {
  auto slow = OpenQueue("slow"), fast = OpenQueue("fast");
  Issue({Task("g1")});
  const Lease lost = TakeOne(*slow);
  AdvancePastLease();
  const Lease held = TakeOne(*fast);
  EXPECT_THAT(slow->Bury(lost, "too slow", Soon()), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_OK(fast->Renew(held, Soon()));
  EXPECT_EQ(Stats().dead_letters, 0);
}

TEST_P(PromptQueueTest, TaskThatKillsEveryWorkerBecomesADeadLetterAfterMaxAttempts) {
  auto worker = OpenQueue("victim");
  Issue({Task("poison"), Task("good")});
  for (int attempt = 1; attempt <= 3; ++attempt) {
    EXPECT_THAT(worker->Take(1, Soon()), IsOkAndHolds(ElementsAre(LeaseOf("poison", attempt))));
    AdvancePastLease();
  }
  EXPECT_THAT(worker->Take(2, Soon()), IsOkAndHolds(ElementsAre(LeaseOf("good", 1))));
  EXPECT_THAT(learner().DeadLetters(10, Soon()),
              IsOkAndHolds(ElementsAre(AllOf(Property(&DeadLetter::reason, HasSubstr("delivered 3 times")), Property(&DeadLetter::attempts, 3),
                                             Property(&DeadLetter::last_worker, "victim")))));
}

TEST_P(PromptQueueTest, ReleasesDoNotUseUpAttempts) {
  auto worker = OpenQueue("worker");
  Issue({Task("g1")});
  for (int i = 0; i < 5; ++i) EXPECT_OK(worker->Release(TakeOne(*worker), Soon()));
  EXPECT_THAT(worker->Take(1, Soon()), IsOkAndHolds(ElementsAre(LeaseOf("g1", 1))));
}

TEST_P(PromptQueueTest, DeadLettersComeOldestFirstAndAtMostAsManyAsAskedFor) {
  auto worker = OpenQueue("worker");
  Issue(Tasks(3));
  for (int i = 0; i < 3; ++i) ASSERT_OK(worker->Bury(TakeOne(*worker), absl::StrCat("reason ", i), Soon()));
  EXPECT_THAT(learner().DeadLetters(2, Soon()),
              IsOkAndHolds(ElementsAre(Property(&DeadLetter::reason, "reason 0"), Property(&DeadLetter::reason, "reason 1"))));
}

TEST_P(PromptQueueTest, FullBacklogIsRefusedAsAWhole) {
  Issue(Tasks(8));
  EXPECT_THAT(learner().Issue(Tasks(3, "more"), Soon()), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(learner().PendingGroups(Soon()), IsOkAndHolds(SizeIs(8)));
  EXPECT_OK(learner().Issue(Tasks(2, "fits"), Soon()));
}

TEST_P(PromptQueueTest, LeasedTasksDoNotCountAsBacklogButReleasedOnesDo) {
  auto worker = OpenQueue("worker");
  Issue(Tasks(10));
  ASSERT_OK_AND_ASSIGN(const std::vector<Lease> leases, worker->Take(4, Soon()));
  ASSERT_OK(worker->Release(leases[0], Soon()));
  EXPECT_THAT(learner().Issue(Tasks(4, "more"), Soon()), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_OK(learner().Issue(Tasks(3, "fits"), Soon()));
}

TEST_P(PromptQueueTest, IssueBeforeBeginIncarnationIsRefused) {
  EXPECT_THAT(OpenQueue("stranger")->Issue(Tasks(1), Soon()), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_P(PromptQueueTest, NewIncarnationDropsWhatEarlierOnesIssuedLeasedOrNot) {
  auto worker = OpenQueue("worker"), restarted = OpenQueue("learner");
  Issue(Tasks(3));
  const Lease lease = TakeOne(*worker);
  ASSERT_OK(restarted->BeginIncarnation(Soon()));
  EXPECT_THAT(worker->Renew(lease, Soon()), StatusIs(absl::StatusCode::kNotFound));
  AdvancePastLease();
  EXPECT_THAT(worker->Take(5, Briefly()), IsOkAndHolds(IsEmpty()));
  ASSERT_OK(restarted->Issue({Task("fresh")}, Soon()));
  EXPECT_THAT(worker->Take(5, Soon()), IsOkAndHolds(ElementsAre(LeaseOf("fresh", 1))));
  EXPECT_OK(worker->Acknowledge(lease, Soon()));
  EXPECT_EQ(Stats().leased, 1) << "a lease of an earlier incarnation names no entry of this one";
}

TEST_P(PromptQueueTest, WaitingTakeSurvivesTheChangeOfIncarnation) {
  auto worker = OpenQueue("worker"), restarted = OpenQueue("learner");
  absl::StatusOr<std::vector<Lease>> leases;
  sync::Thread taker("taker", [&] { leases = worker->Take(1, Soon()); });
  absl::SleepFor(absl::Milliseconds(50));
  ASSERT_OK(restarted->BeginIncarnation(Soon()));
  ASSERT_OK(restarted->Issue({Task("fresh")}, Soon()));
  taker.Join();
  EXPECT_THAT(leases, IsOkAndHolds(ElementsAre(LeaseOf("fresh", 1))));
}

TEST_P(PromptQueueTest, LearnerOfAnEarlierIncarnationCannotIssueAnyMore) {
  ASSERT_OK(OpenQueue("learner")->BeginIncarnation(Soon()));
  EXPECT_THAT(learner().Issue(Tasks(1), Soon()), AllOf(StatusIs(absl::StatusCode::kFailedPrecondition), HasReason("OTHER_INCARNATION")));
}

TEST_P(PromptQueueTest, IncarnationsGrowAndRespectTheFloor) {
  ASSERT_OK_AND_ASSIGN(const int64_t second, OpenQueue("learner")->BeginIncarnation(Soon()));
  ASSERT_OK_AND_ASSIGN(const int64_t third, OpenQueue("learner")->BeginIncarnation(Soon()));
  EXPECT_GT(third, second);
  QueueOptions options = Options("learner");
  options.incarnation_floor = third + 1000;
  EXPECT_THAT(OpenWith(options)->BeginIncarnation(Soon()), IsOkAndHolds(third + 1000));
  EXPECT_EQ(Stats().incarnation, third + 1000);
}

TEST_P(PromptQueueTest, DeadLettersOutliveTheIncarnation) {
  auto worker = OpenQueue("worker");
  Issue({Task("bad")});
  ASSERT_OK(worker->Bury(TakeOne(*worker), "no", Soon()));
  ASSERT_OK(OpenQueue("learner")->BeginIncarnation(Soon()));
  EXPECT_THAT(learner().DeadLetters(10, Soon()), IsOkAndHolds(SizeIs(1)));
}

TEST_P(PromptQueueTest, StatsCountWhatIsWhere) {
  auto worker = OpenQueue("worker");
  Issue(Tasks(5));
  ASSERT_OK_AND_ASSIGN(const std::vector<Lease> leases, worker->Take(3, Soon()));
  ASSERT_OK(worker->Acknowledge(leases[0], Soon()));
  ASSERT_OK(worker->Bury(leases[1], "no", Soon()));
  const QueueStats stats = Stats();
  EXPECT_EQ(stats.backlog, 2);
  EXPECT_EQ(stats.leased, 1);
  EXPECT_EQ(stats.dead_letters, 1);
  EXPECT_GT(stats.incarnation, 0);
  EXPECT_GE(stats.oldest_age, absl::ZeroDuration());
}

TEST_P(PromptQueueTest, PendingGroupsAreThoseNotAcknowledged) {
  auto worker = OpenQueue("worker");
  Issue(Tasks(4));
  ASSERT_OK_AND_ASSIGN(const std::vector<Lease> leases, worker->Take(2, Soon()));
  ASSERT_OK(worker->Acknowledge(leases[1], Soon()));
  EXPECT_THAT(learner().PendingGroups(Soon()), IsOkAndHolds(ElementsAre("g0", "g2", "g3")));
}

TEST_P(PromptQueueTest, PendingGroupsOfALongQueueAreComplete) {
  QueueOptions options = Options("learner");
  options.max_backlog = 5000;
  auto learner = OpenWith(options);
  ASSERT_OK(learner->BeginIncarnation(Soon()));
  ASSERT_OK(learner->Issue(Tasks(2500), Soon()));
  ASSERT_OK_AND_ASSIGN(const std::vector<std::string> groups, learner->PendingGroups(Soon()));
  EXPECT_EQ(std::set<std::string>(groups.begin(), groups.end()).size(), 2500);
  EXPECT_EQ(groups.size(), 2500);
}

TEST_P(PromptQueueTest, ManyWorkersShareTheTasksWithoutLossOrDouble) {
  constexpr int kTasks = 300;
  QueueOptions options = Options("learner");
  options.max_backlog = kTasks;
  auto learner = OpenWith(options);
  ASSERT_OK(learner->BeginIncarnation(Soon()));
  ASSERT_OK(learner->Issue(Tasks(kTasks), Soon()));
  absl::Mutex mutex;
  std::multiset<std::string> done;
  std::vector<sync::Thread> workers;
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back("worker", [&, i] {
      auto queue = OpenQueue(absl::StrCat("worker-", i));
      for (auto leases = queue->Take(7, Briefly()); leases.ok() && !leases->empty(); leases = queue->Take(7, Briefly())) {
        for (const Lease& lease : *leases) {
          EXPECT_OK(queue->Acknowledge(lease, Soon()));
          absl::MutexLock lock(&mutex);
          done.insert(lease.task.group_id());
        }
      }
    });
  }
  for (sync::Thread& worker : workers) worker.Join();
  EXPECT_EQ(done.size(), kTasks);
  EXPECT_EQ(std::set<std::string>(done.begin(), done.end()).size(), kTasks);
  EXPECT_THAT(learner->PendingGroups(Soon()), IsOkAndHolds(IsEmpty()));
}

INSTANTIATE_TEST_SUITE_P(Implementations, PromptQueueTest,
                         ::testing::Values(QueueKind{"InMemory", MakeInMemoryQueue}, QueueKind{"Redis", MakeRedisQueue}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace cohort::queue

// What only the queue on Redis can be asked: servers that die, lose their data, hang, or are set up wrongly.
#include "common/queue/redis_prompt_queue.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/redis/connection.h"
#include "common/sync/thread.h"
#include "common/testing/redis_server.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::queue {
namespace {

using ::cohort::testing::HasReason;
using ::cohort::testing::IsOkAndHolds;
using ::cohort::testing::RedisServer;
using ::cohort::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using prompt::v1::PromptTask;

absl::Time In(int milliseconds) { return absl::Now() + absl::Milliseconds(milliseconds); }
absl::Time Soon() { return In(20000); }

std::vector<PromptTask> Tasks(int count, int prompt_tokens = 1) {
  std::vector<PromptTask> tasks(count);
  for (int i = 0; i < count; ++i) {
    tasks[i].set_group_id(absl::StrCat("g", i));
    for (int token = 0; token < prompt_tokens; ++token) tasks[i].add_prompt_token_ids(1000000 + token);
  }
  return tasks;
}

class RedisPromptQueueTest : public ::testing::Test {
 protected:
  void StartServer(RedisServer::Options options = {}) { ASSERT_OK_AND_ASSIGN(server_, RedisServer::Start(std::move(options))); }

  absl::StatusOr<std::unique_ptr<PromptQueue>> TryOpen(const std::string& consumer, absl::Time deadline, absl::Duration lease = absl::Seconds(60)) {
    return RedisPromptQueue::Open(server_->address(), {.run_id = "run", .consumer = consumer, .lease = lease}, deadline);
  }
  std::unique_ptr<PromptQueue> OpenQueue(const std::string& consumer, absl::Duration lease = absl::Seconds(60)) {
    auto queue = TryOpen(consumer, Soon(), lease);
    EXPECT_OK(queue);
    return *std::move(queue);
  }
  std::unique_ptr<PromptQueue> OpenLearner() {
    auto queue = OpenQueue("learner");
    EXPECT_OK(queue->BeginIncarnation(Soon()));
    return queue;
  }
  absl::StatusOr<redis::Reply> Command(const std::vector<std::string>& command) {
    return redis::Connection({.address = server_->address(), .client_name = "test"}).Command(command, Soon(), redis::LostReply::kReport);
  }
  void KillAndRestart() {
    server_->Kill();
    ASSERT_OK(server_->Restart());
  }

  std::unique_ptr<RedisServer> server_;
};

TEST_F(RedisPromptQueueTest, LeaseRunsOutByTheClockOfTheServer) {
  StartServer();
  auto learner = OpenLearner();
  auto dead = OpenQueue("dead", absl::Milliseconds(100)), alive = OpenQueue("alive", absl::Milliseconds(100));
  ASSERT_OK(learner->Issue(Tasks(1), Soon()));
  ASSERT_THAT(dead->Take(1, Soon()), IsOkAndHolds(SizeIs(1)));
  ASSERT_OK_AND_ASSIGN(const std::vector<Lease> leases, alive->Take(1, Soon()));
  ASSERT_THAT(leases, SizeIs(1));
  EXPECT_EQ(leases[0].attempt, 2);
}

TEST_F(RedisPromptQueueTest, TasksLeasesAndIncarnationSurviveAKilledServerWithAppendOnlyFile) {
  StartServer({.append_only = true});
  auto learner = OpenLearner(), worker = OpenQueue("worker"), other = OpenQueue("other");
  ASSERT_OK(learner->Issue(Tasks(3), Soon()));
  ASSERT_OK_AND_ASSIGN(const std::vector<Lease> leases, worker->Take(2, Soon()));
  ASSERT_OK(worker->Acknowledge(leases[0], Soon()));
  KillAndRestart();
  EXPECT_OK(worker->Renew(leases[1], Soon()));
  EXPECT_THAT(other->Take(5, Soon()), IsOkAndHolds(SizeIs(1)));
  EXPECT_OK(learner->Issue(Tasks(1), Soon()));
  EXPECT_THAT(learner->PendingGroups(Soon()), IsOkAndHolds(ElementsAre("g1", "g2", "g0")));
}

TEST_F(RedisPromptQueueTest, WaitingTakeOutlivesAKilledServer) {
  StartServer({.append_only = true});
  auto learner = OpenLearner(), worker = OpenQueue("worker");
  absl::StatusOr<std::vector<Lease>> leases;
  sync::Thread taker("taker", [&] { leases = worker->Take(1, Soon()); });
  absl::SleepFor(absl::Milliseconds(50));
  KillAndRestart();
  ASSERT_OK(learner->Issue(Tasks(1), Soon()));
  taker.Join();
  EXPECT_THAT(leases, IsOkAndHolds(SizeIs(1)));
}

TEST_F(RedisPromptQueueTest, QueueOfAServerThatLostItsDataIsFoundLostAndSeededAgain) {
  StartServer();
  auto learner = OpenLearner(), worker = OpenQueue("worker");
  ASSERT_OK_AND_ASSIGN(const QueueStats before, learner->Stats(Soon()));
  ASSERT_OK(learner->Issue(Tasks(2), Soon()));
  ASSERT_OK_AND_ASSIGN(const std::vector<Lease> leases, worker->Take(1, Soon()));
  KillAndRestart();
  EXPECT_THAT(worker->Renew(leases[0], Soon()), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_OK(worker->Acknowledge(leases[0], Soon()));
  EXPECT_THAT(worker->Take(1, In(30)), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(learner->PendingGroups(Soon()), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(learner->Issue(Tasks(1), Soon()), AllOf(StatusIs(absl::StatusCode::kFailedPrecondition), HasReason("QUEUE_LOST")));
  ASSERT_OK_AND_ASSIGN(const int64_t incarnation, learner->BeginIncarnation(Soon()));
  EXPECT_GT(incarnation, before.incarnation);
  ASSERT_OK(learner->Issue(Tasks(2), Soon()));
  EXPECT_THAT(worker->Take(5, Soon()), IsOkAndHolds(SizeIs(2)));
}

TEST_F(RedisPromptQueueTest, LossIsSeenEvenWhenNoWorkerHasTouchedTheServerSince) {
  StartServer();
  auto learner = OpenLearner();
  KillAndRestart();
  EXPECT_THAT(learner->Issue(Tasks(1), Soon()), HasReason("QUEUE_LOST"));
  EXPECT_THAT(learner->Stats(Soon()), StatusIs(absl::StatusCode::kOk));
}

TEST_F(RedisPromptQueueTest, IncarnationOfAnotherLearnerAlsoGrowsAfterALoss) {
  StartServer();
  ASSERT_OK_AND_ASSIGN(const int64_t before, OpenQueue("learner")->BeginIncarnation(Soon()));
  absl::SleepFor(absl::Milliseconds(5));
  ASSERT_OK(Command({"FLUSHALL"}));
  // A server without data draws from its clock, in seconds: wait for the next one.
  while (absl::ToUnixSeconds(absl::Now()) <= before) absl::SleepFor(absl::Milliseconds(20));
  ASSERT_OK_AND_ASSIGN(const int64_t after, OpenQueue("learner")->BeginIncarnation(Soon()));
  EXPECT_GT(after, before);
}

TEST_F(RedisPromptQueueTest, UnreachableServerIsNamed) {
  StartServer();
  auto worker = OpenQueue("worker");
  server_->Kill();
  const auto named = StatusIs(absl::StatusCode::kUnavailable, HasSubstr(server_->address()));
  EXPECT_THAT(TryOpen("late", In(100)), named);
  EXPECT_THAT(worker->Take(1, In(100)), named);
  EXPECT_THAT(worker->Renew({.entry_id = "1-1"}, In(100)), named);
}

TEST_F(RedisPromptQueueTest, NoCallOutlivesItsDeadlineOnASilentServer) {
  StartServer();
  auto learner = OpenLearner(), worker = OpenQueue("worker");
  ASSERT_OK(learner->Issue(Tasks(1), Soon()));
  ASSERT_OK_AND_ASSIGN(const std::vector<Lease> leases, worker->Take(1, Soon()));
  server_->Pause();
  const std::vector<std::function<absl::Status(absl::Time)>> calls = {
      [&](absl::Time deadline) { return learner->BeginIncarnation(deadline).status(); },
      [&](absl::Time deadline) { return learner->Issue(Tasks(1), deadline); },
      [&](absl::Time deadline) { return worker->Take(1, deadline).status(); },
      [&](absl::Time deadline) { return worker->Renew(leases[0], deadline); },
      [&](absl::Time deadline) { return worker->Release(leases[0], deadline); },
      [&](absl::Time deadline) { return worker->ReleaseUnheard(deadline); },
      [&](absl::Time deadline) { return worker->Bury(leases[0], "no", deadline); },
      [&](absl::Time deadline) { return worker->Acknowledge(leases[0], deadline); },
      [&](absl::Time deadline) { return learner->Stats(deadline).status(); },
      [&](absl::Time deadline) { return learner->DeadLetters(1, deadline).status(); },
      [&](absl::Time deadline) { return learner->PendingGroups(deadline).status(); },
      [&](absl::Time deadline) { return TryOpen("late", deadline).status(); },
  };
  for (size_t i = 0; i < calls.size(); ++i) {
    const absl::Time start = absl::Now();
    EXPECT_THAT(calls[i](start + absl::Milliseconds(60)), Not(cohort::testing::IsOk())) << "call " << i;
    EXPECT_LT(absl::Now() - start, absl::Seconds(3)) << "call " << i;
  }
  server_->Resume();
  EXPECT_OK(worker->Stats(Soon()));
}

TEST_F(RedisPromptQueueTest, IssueWhoseAnswerIsLostIsAnUnknownOutcome) {
  StartServer();
  auto learner = OpenLearner();
  ASSERT_OK(learner->Issue(Tasks(1), Soon()));
  server_->Pause();
  EXPECT_THAT(learner->Issue(Tasks(1), In(80)), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("outcome unknown")));
  server_->Resume();
}

TEST_F(RedisPromptQueueTest, AnswerThatComesSoonAfterTheDeadlineOfATakeIsHeard) {
  StartServer();
  auto learner = OpenLearner(), worker = OpenQueue("worker");
  ASSERT_OK(learner->Issue(Tasks(1), Soon()));
  server_->Pause();
  absl::StatusOr<std::vector<Lease>> leases;
  const absl::Time deadline = In(1000);  // Time enough to have asked before it.
  sync::Thread taker("taker", [&] { leases = worker->Take(1, deadline); });
  absl::SleepFor(deadline - absl::Now() + absl::Milliseconds(50));
  server_->Resume();
  taker.Join();
  EXPECT_THAT(leases, IsOkAndHolds(SizeIs(1)));
}

TEST_F(RedisPromptQueueTest, TasksWhoseDeliveryWasNotHeardOfAreRecoveredWithoutWaitingForTheLease) {
  StartServer();
  auto learner = OpenLearner(), worker = OpenQueue("worker");
  ASSERT_OK(learner->Issue(Tasks(3), Soon()));
  ASSERT_THAT(worker->Take(1, Soon()), IsOkAndHolds(SizeIs(1)));
  server_->Pause();
  // The server runs this when it goes on; its answer finds nobody.
  EXPECT_THAT(worker->Take(5, In(100)), Not(cohort::testing::IsOk()));
  server_->Resume();
  while (Command({"XPENDING", RedisQueueKeys("run").stream, "rollouts"})->elements[0].integer < 3) absl::SleepFor(absl::Milliseconds(5));
  ASSERT_OK_AND_ASSIGN(const std::vector<Lease> leases, worker->Take(5, Soon()));
  ASSERT_THAT(leases, SizeIs(2));
  EXPECT_EQ(leases[0].attempt, 1);
  EXPECT_EQ(leases[0].task.group_id(), "g1");
  EXPECT_OK(worker->Renew(leases[1], Soon()));
}

TEST_F(RedisPromptQueueTest, AConsumerThatTakesNoMoreGivesBackWhatItHasNotHeardOf) {
  StartServer();
  auto learner = OpenLearner(), worker = OpenQueue("worker"), other = OpenQueue("other");
  ASSERT_OK(learner->Issue(Tasks(3), Soon()));
  ASSERT_OK_AND_ASSIGN(const std::vector<Lease> held, worker->Take(1, Soon()));
  server_->Pause();
  EXPECT_THAT(worker->Take(5, In(100)), Not(cohort::testing::IsOk()));
  server_->Resume();
  while (Command({"XPENDING", RedisQueueKeys("run").stream, "rollouts"})->elements[0].integer < 3) absl::SleepFor(absl::Milliseconds(5));
  ASSERT_OK(worker->ReleaseUnheard(Soon()));
  ASSERT_OK_AND_ASSIGN(const std::vector<Lease> leases, other->Take(5, Soon()));
  ASSERT_THAT(leases, SizeIs(2));
  EXPECT_EQ(leases[0].attempt, 1);
  EXPECT_OK(worker->Renew(held[0], Soon()));  // What it knows of stays its own.
}

TEST_F(RedisPromptQueueTest, ServerThatMayEvictIsRefused) {
  StartServer({.arguments = {"--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"}});
  EXPECT_THAT(TryOpen("worker", Soon()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("allkeys-lru"), HasSubstr("noeviction"), HasSubstr(server_->address()))));
}

TEST_F(RedisPromptQueueTest, FullServerTakesNothingInsteadOfAPart) {
  StartServer({.arguments = {"--maxmemory", "4mb"}});
  auto learner = OpenLearner();
  absl::Status status;
  int64_t issued = 0;
  for (; issued < 100 && status.ok(); issued += status.ok() ? 4 : 0) status = learner->Issue(Tasks(4, /*prompt_tokens=*/30000), Soon());
  EXPECT_THAT(status, AllOf(StatusIs(absl::StatusCode::kResourceExhausted), HasReason("OOM")));
  EXPECT_THAT(learner->PendingGroups(Soon()), IsOkAndHolds(SizeIs(issued)));
}

TEST_F(RedisPromptQueueTest, RunsShareAServerWithoutSeeingEachOther) {
  StartServer();
  auto learner = OpenLearner();
  ASSERT_OK_AND_ASSIGN(auto other, RedisPromptQueue::Open(server_->address(), {.run_id = "other", .consumer = "worker"}, Soon()));
  ASSERT_OK(learner->Issue(Tasks(1), Soon()));
  EXPECT_THAT(other->Take(1, In(30)), IsOkAndHolds(IsEmpty()));
  ASSERT_OK(other->BeginIncarnation(Soon()));
  EXPECT_THAT(learner->PendingGroups(Soon()), IsOkAndHolds(SizeIs(1)));
}

TEST_F(RedisPromptQueueTest, ClientsAreNamedByRunAndConsumer) {
  StartServer();
  auto worker = OpenQueue("worker 1");
  ASSERT_OK_AND_ASSIGN(const redis::Reply clients, Command({"CLIENT", "LIST"}));
  EXPECT_THAT(clients.text, HasSubstr("name=cohort:run:worker_1"));
}

}  // namespace
}  // namespace cohort::queue

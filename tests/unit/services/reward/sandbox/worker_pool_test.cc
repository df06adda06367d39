// The pool with real worker processes. Each test forks its own zygote before the pool's threads exist.
#include "services/reward/sandbox/worker_pool.h"

#include <signal.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/sync/thread.h"
#include "common/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "services/reward/sandbox/worker_zygote.h"

namespace cohort::reward {
namespace {

using cohort::testing::StatusIs;

constexpr absl::Duration kPatience = absl::Seconds(30);

class WorkerPoolTest : public ::testing::Test {
 protected:
  void Start(WorkerPool::Options options = {}) {
    auto forked = ForkZygote({LockdownOptions(), Faults{"SPIN", "DIE"}});
    ASSERT_OK(forked);
    zygote_ = *std::move(forked);
    auto started = WorkerPool::Start(*zygote_, metrics_, options);
    ASSERT_OK(started);
    pool_ = *std::move(started);
  }

  // A bare answer to grade against 1/2.
  static CheckInput Bare(std::string_view answer) {
    CheckInput check;
    check.gold = "1/2";
    check.completion = answer;
    return check;
  }

  std::vector<CheckOutcome> Run(std::vector<CheckInput> checks) {
    absl::Notification done;
    std::vector<CheckOutcome> result;
    pool_->SubmitWhenRoom(std::make_shared<Job>(std::move(checks), [&](std::vector<CheckOutcome> outcomes) {
      result = std::move(outcomes);
      done.Notify();
    }));
    EXPECT_TRUE(done.WaitForNotificationWithTimeout(kPatience));
    return result;
  }
  v1::Verdict RunOne(std::string_view answer) { return Run({Bare(answer)})[0].verdict; }

  // The workers that live now: the zygote's children.
  std::set<pid_t> Workers() const {
    std::set<pid_t> workers;
    const std::string pid = std::to_string(zygote_->pid());
    std::ifstream children("/proc/" + pid + "/task/" + pid + "/children");
    for (pid_t child; children >> child;) workers.insert(child);
    return workers;
  }
  double Value(const std::string& metric) const {
    const std::string text = registry_.Expose();
    const size_t at = text.find("\n" + metric + " ");
    return at == std::string::npos ? 0 : std::stod(text.substr(at + metric.size() + 2));
  }

  metrics::Registry registry_;
  PoolMetrics metrics_{registry_};
  std::unique_ptr<sandbox::Zygote> zygote_;
  std::unique_ptr<WorkerPool> pool_;
};

TEST_F(WorkerPoolTest, GradesABatchLargerThanAFrameInOrder) {
  Start({.workers = 2});
  std::vector<CheckInput> checks;
  for (int i = 0; i < 500; ++i) checks.push_back(Bare(i % 3 == 0 ? "0.5" : i % 3 == 1 ? "2" : "x +"));
  const std::vector<CheckOutcome> outcomes = Run(checks);
  ASSERT_EQ(outcomes.size(), 500u);
  const v1::Verdict expected[] = {v1::VERDICT_CORRECT, v1::VERDICT_INCORRECT, v1::VERDICT_PRED_UNPARSEABLE};
  for (int i = 0; i < 500; ++i) EXPECT_EQ(outcomes[i].verdict, expected[i % 3]) << i;
}

TEST_F(WorkerPoolTest, GradesCompletionsLargerThanAPacket) {
  Start();
  const std::string completion = "<think>" + std::string(1 << 20, 'x') + "</think><answer>1/2</answer>";
  CheckInput check = Bare(completion);
  check.shape = v1::TEMPLATE_R1_ZERO;
  const CheckOutcome outcome = Run({check})[0];
  EXPECT_EQ(outcome.verdict, v1::VERDICT_CORRECT);
  EXPECT_EQ(completion.substr(outcome.answer_begin, outcome.answer_end - outcome.answer_begin), "1/2");
}

TEST_F(WorkerPoolTest, ACheckThatSpinsIsKilledAtItsDeadlineAndTheOthersAreGraded) {
  Start({.workers = 1, .check_deadline = absl::Milliseconds(50)});
  std::vector<CheckInput> checks(10, Bare("0.5"));
  checks[4] = Bare("SPIN");
  const absl::Time start = absl::Now();
  const std::vector<CheckOutcome> outcomes = Run(checks);
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(50));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(outcomes[i].verdict, i == 4 ? v1::VERDICT_TIMEOUT : v1::VERDICT_CORRECT) << i;
  EXPECT_EQ(Value("cohort_reward_hard_kills_total"), 1);
  EXPECT_EQ(Value("cohort_reward_worker_respawns_total"), 1);
}

TEST_F(WorkerPoolTest, ACheckThatKilledAWorkerIsAnsweredTheSameWithoutRunningAgain) {
  Start({.workers = 1, .check_deadline = absl::Milliseconds(50)});
  EXPECT_EQ(RunOne("SPIN"), v1::VERDICT_TIMEOUT);
  EXPECT_EQ(RunOne("SPIN"), v1::VERDICT_TIMEOUT);
  EXPECT_EQ(Value("cohort_reward_hard_kills_total"), 1);
  EXPECT_EQ(Value("cohort_reward_poison_hits_total"), 1);
  EXPECT_EQ(RunOne("SPIN too"), v1::VERDICT_TIMEOUT) << "another check is run and killed";
  EXPECT_EQ(Value("cohort_reward_hard_kills_total"), 2);
}

TEST_F(WorkerPoolTest, ACheckOfWhichTwoWorkersDieIsInternal) {
  Start({.workers = 1});
  const std::vector<CheckOutcome> outcomes = Run({Bare("0.5"), Bare("DIE"), Bare("2")});
  EXPECT_EQ(outcomes[0].verdict, v1::VERDICT_CORRECT);
  EXPECT_EQ(outcomes[1].verdict, v1::VERDICT_INTERNAL);
  EXPECT_EQ(outcomes[2].verdict, v1::VERDICT_INCORRECT);
  EXPECT_EQ(Value("cohort_reward_worker_deaths_total"), 2);
  EXPECT_EQ(RunOne("DIE"), v1::VERDICT_INTERNAL);
  EXPECT_EQ(Value("cohort_reward_worker_deaths_total"), 2) << "it was not run again";
}

TEST_F(WorkerPoolTest, AWorkerKilledFromOutsideLosesNothing) {
  Start({.workers = 2, .check_deadline = absl::Milliseconds(200), .cache_entries = 0});
  std::vector<std::string> answers;
  std::vector<CheckInput> checks;
  for (int i = 0; i < 20'000; ++i) answers.push_back(std::to_string(i) + "/" + std::to_string(2 * i));
  answers[0] = "0.5";
  for (const std::string& answer : answers) checks.push_back(Bare(answer));
  absl::Notification done;
  std::vector<CheckOutcome> outcomes;
  pool_->SubmitWhenRoom(std::make_shared<Job>(checks, [&](std::vector<CheckOutcome> all) {
    outcomes = std::move(all);
    done.Notify();
  }));
  for (int kills = 0; kills < 5 && !done.HasBeenNotified(); ++kills) {
    for (const pid_t worker : Workers()) kill(worker, SIGKILL);
    done.WaitForNotificationWithTimeout(absl::Milliseconds(20));
  }
  ASSERT_TRUE(done.WaitForNotificationWithTimeout(kPatience));
  for (size_t i = 0; i < outcomes.size(); ++i) ASSERT_EQ(outcomes[i].verdict, v1::VERDICT_CORRECT) << i;
  EXPECT_GE(Value("cohort_reward_worker_respawns_total"), 1);
}

TEST_F(WorkerPoolTest, WorkersKilledBeforeTheyAreReadyDoNotEndThePool) {
  Start({.workers = 1, .cache_entries = 0});
  std::atomic<bool> over = false;
  sync::Thread killer("killer", [&] {
    std::set<pid_t> killed;
    while (killed.size() < 6 && !over) {
      for (const pid_t worker : Workers()) {
        if (killed.insert(worker).second) kill(worker, SIGKILL);
      }
    }
    over = true;
  });
  for (int i = 0; !over && !pool_->failure().has_value(); ++i) RunOne(std::to_string(i));
  over = true;
  killer.Join();
  EXPECT_FALSE(pool_->failure().has_value());
  EXPECT_EQ(RunOne("0.5"), v1::VERDICT_CORRECT);
}

TEST_F(WorkerPoolTest, EqualChecksAreAnsweredFromTheCache) {
  Start();
  const CheckOutcome first = Run({Bare("0.5")})[0], second = Run({Bare("0.5")})[0];
  EXPECT_EQ(second.verdict, first.verdict);
  EXPECT_EQ(second.answer_end, first.answer_end);
  EXPECT_EQ(second.micros, 0u);
  EXPECT_EQ(Value("cohort_reward_cache_hits_total"), 1);
}

TEST_F(WorkerPoolTest, AWorkerIsReplacedAfterSoManyChecks) {
  Start({.workers = 1, .cache_entries = 0, .recycle_checks = 1'000});
  const std::set<pid_t> before = Workers();
  Run(std::vector<CheckInput>(3'000, Bare("0.5")));
  EXPECT_EQ(RunOne("0.5"), v1::VERDICT_CORRECT);
  EXPECT_NE(Workers(), before);
  EXPECT_EQ(Value("cohort_reward_worker_deaths_total"), 0);
}

TEST_F(WorkerPoolTest, AFullQueueRefusesABatchAndTakesItLater) {
  Start({.workers = 1, .check_deadline = absl::Milliseconds(200), .queue_capacity = 4});
  absl::Notification spun, filled;
  const auto notify = [](absl::Notification& notification) { return [&notification](const auto&) { notification.Notify(); }; };
  ASSERT_OK(pool_->Submit(std::make_shared<Job>(std::vector<CheckInput>{Bare("SPIN")}, notify(spun))));
  while (Value("cohort_reward_queue_seconds_count") == 0) absl::SleepFor(absl::Milliseconds(1));  // The worker has it.
  ASSERT_OK(pool_->Submit(std::make_shared<Job>(std::vector<CheckInput>{Bare("1"), Bare("2"), Bare("3"), Bare("4")}, notify(filled))));
  const auto late = std::make_shared<Job>(std::vector<CheckInput>{Bare("5")}, [](const auto&) {});
  const absl::Status refused = pool_->Submit(late);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_GT(RetryDelay(refused, absl::ZeroDuration()), absl::ZeroDuration());
  EXPECT_TRUE(spun.WaitForNotificationWithTimeout(kPatience));
  EXPECT_TRUE(filled.WaitForNotificationWithTimeout(kPatience));
  EXPECT_EQ(RunOne("5"), v1::VERDICT_INCORRECT);
}

TEST_F(WorkerPoolTest, ACancelledJobIsNotRun) {
  Start({.workers = 1, .check_deadline = absl::Milliseconds(100)});
  absl::Notification first, second;
  const auto slow = std::make_shared<Job>(std::vector<CheckInput>{Bare("SPIN")}, [&](const auto&) { first.Notify(); });
  const auto cancelled = std::make_shared<Job>(std::vector<CheckInput>{Bare("SPIN again")}, [&](const auto&) { second.Notify(); });
  pool_->SubmitWhenRoom(slow);
  while (Value("cohort_reward_queue_seconds_count") == 0) absl::SleepFor(absl::Milliseconds(1));
  pool_->SubmitWhenRoom(cancelled);
  cancelled->Cancel();
  EXPECT_TRUE(first.WaitForNotificationWithTimeout(kPatience));
  EXPECT_TRUE(second.WaitForNotificationWithTimeout(kPatience));
  EXPECT_EQ(Value("cohort_reward_hard_kills_total"), 1);
  EXPECT_EQ(Value("cohort_reward_cancelled_checks_total"), 1);
}

TEST_F(WorkerPoolTest, StoppingAnswersWhatStillWaits) {
  Start({.workers = 1, .check_deadline = absl::Milliseconds(100)});
  absl::Notification first, second;
  std::vector<CheckOutcome> left;
  pool_->SubmitWhenRoom(std::make_shared<Job>(std::vector<CheckInput>{Bare("SPIN")}, [&](const auto&) { first.Notify(); }));
  while (Value("cohort_reward_queue_seconds_count") == 0) absl::SleepFor(absl::Milliseconds(1));
  pool_->SubmitWhenRoom(std::make_shared<Job>(std::vector<CheckInput>{Bare("1")}, [&](std::vector<CheckOutcome> outcomes) {
    left = std::move(outcomes);
    second.Notify();
  }));
  pool_.reset();
  EXPECT_TRUE(first.HasBeenNotified());
  ASSERT_TRUE(second.HasBeenNotified());
  EXPECT_EQ(left[0].verdict, v1::VERDICT_INTERNAL);
  EXPECT_TRUE(Workers().empty());
}

TEST_F(WorkerPoolTest, WithoutItsZygoteThePoolSaysThatItHasFailed) {
  Start({.workers = 1});
  EXPECT_FALSE(pool_->failure().has_value());
  EXPECT_TRUE(zygote_->running());
  kill(zygote_->pid(), SIGKILL);  // The workers die with it, a moment later.
  std::vector<v1::Verdict> verdicts;
  for (int i = 0; !pool_->failure().has_value() && i < 10'000; ++i) verdicts.push_back(RunOne(std::to_string(i)));
  EXPECT_TRUE(pool_->failure().has_value());
  EXPECT_FALSE(zygote_->running());
  EXPECT_EQ(RunOne("0.5"), v1::VERDICT_INTERNAL) << "still answered";
}

}  // namespace
}  // namespace cohort::reward

#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "common/rpc/client.h"
#include "tests/integration/rollout/rollout_fixture.h"

namespace cohort::rollout {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class FaultsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(redis_, testing::RedisServer::Start({.append_only = true}));
    learner_ = std::make_unique<TestLearner>(redis_->address(), "run", TestLearner::Options());
  }

  std::unique_ptr<WorkerProcess> Worker(const std::string& reward, std::vector<std::string> more = {}) {
    auto flags = WorkerFlags("run", redis_->address(), learner_->address(), reward);
    flags.insert(flags.end(), more.begin(), more.end());
    return std::make_unique<WorkerProcess>("w", flags);
  }

  std::unique_ptr<testing::RedisServer> redis_;
  std::unique_ptr<TestLearner> learner_;
};

TEST_F(FaultsTest, ARewardServiceThatComesLateIsWaitedForAndNamed) {
  std::string address;
  {
    const EvenReward reward;
    address = reward.address();
  }
  const auto worker = Worker(address);
  learner_->Begin();
  ASSERT_TRUE(Eventually([&] { return worker->log().find("reward service " + address) != std::string::npos; })) << worker->log();
  EXPECT_EQ(learner_->accepted(), 0);
  const EvenReward reward(address);
  EXPECT_TRUE(Eventually([&] { return learner_->complete(); })) << worker->log();
}

TEST_F(FaultsTest, RedisMayBeKilledInTheMiddle) {
  const EvenReward reward;
  const auto worker = Worker(reward.address());
  learner_->Begin();
  ASSERT_TRUE(Eventually([&] { return learner_->accepted() >= 1; })) << worker->log();
  redis_->Kill();
  ASSERT_OK(redis_->Restart());
  EXPECT_TRUE(Eventually([&] { return learner_->complete(); })) << worker->log();
}

TEST_F(FaultsTest, TasksOfAnEarlierLearnerAreDropped) {
  const EvenReward reward;
  const auto worker = Worker(reward.address());
  learner_->publisher().Publish(0, RandomWeights(learner_->layout(), 0));
  ASSERT_TRUE(worker->WaitUntilReady());
  auto old_task = learner_->Task(0, 0);
  old_task.set_incarnation(0);
  ASSERT_OK(learner_->queue().Issue({old_task, learner_->Task(0, 1)}, Soon()));
  ASSERT_TRUE(Eventually([&] { return learner_->accepted() == 1; })) << worker->log();
  EXPECT_THAT(learner_->Groups(), ::testing::Contains(::testing::Key("run/0/1")));
}

TEST_F(FaultsTest, ATaskThatCannotBeSampledIsBuriedWithTheReason) {
  const EvenReward reward;
  const auto worker = Worker(reward.address());
  learner_->publisher().Publish(0, RandomWeights(learner_->layout(), 0));
  auto task = learner_->Task(0, 0);
  for (int i = 0; i < 300; ++i) task.add_prompt_token_ids(5);
  task.set_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  ASSERT_OK(learner_->queue().Issue({task}, Soon()));
  std::vector<prompt::v1::DeadLetter> dead;
  ASSERT_TRUE(Eventually([&] {
    dead = *learner_->queue().DeadLetters(10, Soon());
    return !dead.empty();
  })) << worker->log();
  ASSERT_THAT(dead, SizeIs(1));
  EXPECT_EQ(dead[0].task().group_id(), "run/0/0");
  EXPECT_THAT(dead[0].reason(), HasSubstr("leaves no room in the context of 256"));
  EXPECT_THAT(worker->log(), ContainsRegex("run/0/0 is given up: .* trace=4bf92f3577b34da6a3ce929d0e0e4736\n"));
}

TEST_F(FaultsTest, AStoppedWorkerGivesBackWhatItCannotFinish) {
  // Without a reward service nothing can be finished.
  std::string nobody;
  {
    const EvenReward reward;
    nobody = reward.address();
  }
  const auto worker = Worker(nobody, {"--grace-seconds", "0.2", "--lease-seconds", "60"});
  learner_->Begin();
  ASSERT_TRUE(Eventually([&] { return learner_->queue().Stats(Soon())->leased > 0; })) << worker->log();
  worker->process().Signal(SIGTERM);
  EXPECT_THAT(worker->process().Wait(Soon()), testing::IsOkAndHolds(0)) << worker->log();
  const auto stats = learner_->queue().Stats(Soon());
  ASSERT_OK(stats);
  EXPECT_EQ(stats->leased, 0) << worker->log();
  EXPECT_EQ(stats->backlog, 6) << worker->log();
}

TEST_F(FaultsTest, AStoppedWorkerFinishesWhatItHas) {
  const EvenReward reward;
  const auto worker = Worker(reward.address());
  learner_->Begin();
  ASSERT_TRUE(Eventually([&] { return learner_->accepted() >= 1; })) << worker->log();
  worker->process().Signal(SIGTERM);
  EXPECT_THAT(worker->process().Wait(Soon()), testing::IsOkAndHolds(0)) << worker->log();
  const auto stats = learner_->queue().Stats(Soon());
  ASSERT_OK(stats);
  EXPECT_EQ(stats->leased, 0);
}

TEST_F(FaultsTest, GroupsPassThroughTheRealRewardService) {
  testing::TempDir directory;
  process::ChildProcess::Options options;
  options.command = {std::string(std::getenv("COHORT_BIN")) + "/cohort-reward", "--endpoint-file", directory / "endpoint.json"};
  options.log_file = directory / "log";
  ASSERT_OK_AND_ASSIGN(const auto reward, process::ChildProcess::Start(options));
  std::string address;
  ASSERT_TRUE(Eventually([&] {
    address = EndpointIn(directory / "endpoint.json");
    return !address.empty() || !reward->running();
  }));
  const auto worker = Worker(address);
  learner_->Begin();
  ASSERT_TRUE(Eventually([&] { return learner_->complete(); })) << worker->log();
  for (const auto& group : learner_->Raw()) {
    for (const auto& completion : group.completions()) EXPECT_NE(completion.score().format_reason(), reward::v1::FORMAT_REASON_UNSPECIFIED);
  }
}

}  // namespace
}  // namespace cohort::rollout

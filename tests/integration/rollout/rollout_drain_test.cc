// A worker that is drained: by a call or by SIGTERM, for good or for a while; nothing is lost, and little is done twice.
#include <csignal>

#include "common/registry/service_registry.h"
#include "common/rpc/client.h"
#include "common/rpc/status.h"
#include "common/status/errors.h"
#include "tests/integration/rollout/rollout_fixture.h"

namespace cohort::rollout {
namespace {

using testing::IsOkAndHolds;

class DrainTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(redis_, testing::RedisServer::Start({.append_only = true}));
    learner_ = std::make_unique<TestLearner>(redis_->address(), "run", TestLearner::Options());
    registry_ = std::make_unique<registry::ServiceRegistry>(redis_->address(), "run");
  }

  std::unique_ptr<WorkerProcess> Worker(const std::string& name) {
    return std::make_unique<WorkerProcess>(name, WorkerFlags("run", redis_->address(), learner_->address(), reward_.address()));
  }

  absl::Status Drain(WorkerProcess& worker, bool stay) {
    grpc::ClientContext context;
    rpc::SetDeadline(context, Soon());
    v1::DrainWorkerRequest request;
    request.set_reason("test");
    request.set_grace_seconds(20);
    request.set_stay(stay);
    v1::DrainWorkerResponse response;
    return rpc::FromGrpc(worker.Stub()->DrainWorker(&context, request, &response));
  }

  absl::Status Undrain(WorkerProcess& worker) {
    grpc::ClientContext context;
    rpc::SetDeadline(context, Soon());
    v1::UndrainWorkerResponse response;
    return rpc::FromGrpc(worker.Stub()->UndrainWorker(&context, {}, &response));
  }

  // The worker's record, or an empty one.
  registry::v1::ServiceRecord Record(const std::string& name) {
    const auto services = registry_->List(Soon());
    EXPECT_OK(services);
    for (const auto& service : *services) {
      if (service.name() == name) return service;
    }
    return {};
  }

  std::unique_ptr<testing::RedisServer> redis_;
  EvenReward reward_;
  std::unique_ptr<TestLearner> learner_;
  std::unique_ptr<registry::ServiceRegistry> registry_;
};

TEST_F(DrainTest, AWorkerShowsItselfWithItsPolicyAndIsReadyOnceItHoldsIt) {
  const auto worker = Worker("w");
  ASSERT_TRUE(Eventually([&] { return Record("w").state() == registry::v1::SERVICE_STATE_STARTING; })) << worker->log();
  EXPECT_EQ(Record("w").load().policy_version(), -1);
  learner_->publisher().Publish(0, RandomWeights(learner_->layout(), 0));
  ASSERT_TRUE(worker->WaitUntilReady());
  EXPECT_TRUE(Eventually([&] {
    const auto record = Record("w");
    return record.state() == registry::v1::SERVICE_STATE_READY && record.load().policy_version() == 0 && record.endpoint() == worker->address();
  }));
}

TEST_F(DrainTest, ADrainedWorkerHandsInWhatItHoldsLeavesTheRegistryAndEndsWithZero) {
  const auto worker = Worker("w");
  learner_->Begin();
  ASSERT_TRUE(Eventually([&] { return learner_->accepted() >= 1; })) << worker->log();
  ASSERT_OK(Drain(*worker, /*stay=*/false));
  EXPECT_THAT(worker->process().Wait(Soon()), IsOkAndHolds(0)) << worker->log();
  EXPECT_EQ(Record("w").name(), "");
  ASSERT_OK_AND_ASSIGN(const auto stats, learner_->queue().Stats(Soon()));
  EXPECT_EQ(stats.leased, 0) << "nothing waits for a lease to run out";

  const auto next = Worker("x");
  EXPECT_TRUE(Eventually([&] { return learner_->complete(); })) << next->log();
}

TEST_F(DrainTest, TheSameOnSigterm) {
  const auto worker = Worker("w");
  learner_->Begin();
  ASSERT_TRUE(Eventually([&] { return learner_->accepted() >= 1; })) << worker->log();
  worker->process().Signal(SIGTERM);
  EXPECT_THAT(worker->process().Wait(Soon()), IsOkAndHolds(0)) << worker->log();
  EXPECT_EQ(Record("w").name(), "");
  ASSERT_OK_AND_ASSIGN(const auto stats, learner_->queue().Stats(Soon()));
  EXPECT_EQ(stats.leased, 0);
}

TEST_F(DrainTest, AWorkerThatStaysLeasesNothingUntilItIsUndrained) {
  const auto worker = Worker("w");
  learner_->publisher().Publish(0, RandomWeights(learner_->layout(), 0));
  ASSERT_TRUE(worker->WaitUntilReady());
  ASSERT_OK(Drain(*worker, /*stay=*/true));
  ASSERT_TRUE(Eventually([&] { return Record("w").state() == registry::v1::SERVICE_STATE_DRAINED; })) << worker->log();
  EXPECT_EQ(Record("w").message(), "test");
  ASSERT_OK(learner_->queue().Issue({learner_->Task(0, 0)}, Soon()));
  absl::SleepFor(absl::Milliseconds(600));  // Longer than a worker that leases would leave the task waiting.
  // A call for tasks that was under way when the drain began may take the task; it gives it back.
  EXPECT_TRUE(Eventually([&] { return learner_->queue().Stats(Soon())->leased == 0; })) << worker->log();
  EXPECT_EQ(learner_->accepted(), 0);

  ASSERT_OK(Undrain(*worker));
  EXPECT_TRUE(Eventually([&] { return learner_->accepted() == 1; })) << worker->log();
  EXPECT_TRUE(Eventually([&] { return Record("w").state() == registry::v1::SERVICE_STATE_READY; }));
}

TEST_F(DrainTest, ADrainForGoodCannotBeTakenBack) {
  learner_->Begin();
  const auto worker = Worker("w");
  ASSERT_TRUE(Eventually([&] { return learner_->accepted() >= 1; })) << worker->log();
  ASSERT_OK(Drain(*worker, /*stay=*/false));
  const absl::Status refused = Undrain(*worker);
  EXPECT_TRUE(absl::IsUnavailable(refused) || ErrorReason(refused) == "WORKER_ENDS") << refused;
}

}  // namespace
}  // namespace cohort::rollout

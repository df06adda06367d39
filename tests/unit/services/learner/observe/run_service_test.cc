#include "services/learner/observe/run_service.h"

#include "absl/time/clock.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "common/rpc/status.h"
#include "common/sync/thread.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::learner {
namespace {

using ::cohort::testing::IsOk;
using ::cohort::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

learner::v1::StepRecord Record(int64_t step) {
  learner::v1::StepRecord record;
  record.set_step(step);
  record.set_policy_version(step + 1);
  return record;
}

class RunServiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    journal_ = *Journal::Open({directory_.path()}, 0);
    intake_ = std::make_unique<Intake>(Intake::Options{"run", 1, 0, {}}, journal_.get());
    service_ = std::make_unique<RunServiceImpl>(&feed_, intake_.get());
    server_ = *rpc::Server::Start({"127.0.0.1:0", false, {service_.get()}});
    stub_ = learner::v1::RunService::NewStub(rpc::Connect(server_->address()));
  }
  void TearDown() override {
    feed_.Stop();
    server_->Shutdown(absl::Now() + absl::Seconds(5));
  }

  // Steps that a watcher sees until the stream ends, and how it ends.
  std::vector<int64_t> Watch(int64_t from_step, absl::Status& end) {
    grpc::ClientContext context;
    rpc::SetDeadline(context, absl::Now() + absl::Seconds(20));
    learner::v1::WatchStepsRequest request;
    request.set_from_step(from_step);
    const auto reader = stub_->WatchSteps(&context, request);
    learner::v1::WatchStepsResponse response;
    std::vector<int64_t> steps;
    while (reader->Read(&response)) steps.push_back(response.record().step());
    end = rpc::FromGrpc(reader->Finish());
    return steps;
  }

  testing::TempDir directory_;
  RunFeed feed_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<Intake> intake_;
  std::unique_ptr<RunServiceImpl> service_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<learner::v1::RunService::Stub> stub_;
};

TEST_F(RunServiceTest, AWatcherGetsWhatWasAndWhatComesAndTheEnd) {
  feed_.Add(Record(0));
  feed_.Add(Record(1));
  absl::Status end;
  std::vector<int64_t> steps;
  sync::Thread watcher("watcher", [&] { steps = Watch(1, end); });
  feed_.Add(Record(2));
  feed_.SetPhase(learner::v1::RUN_PHASE_FINISHED, "");
  watcher.Join();
  EXPECT_THAT(steps, ElementsAre(1, 2));
  EXPECT_OK(end);
}

TEST_F(RunServiceTest, AFailedRunEndsTheStreamWithItsReason) {
  feed_.SetPhase(learner::v1::RUN_PHASE_FAILED, "the loss is not finite");
  absl::Status end;
  EXPECT_THAT(Watch(0, end), ElementsAre());
  EXPECT_THAT(end, StatusIs(absl::StatusCode::kAborted, HasSubstr("not finite")));
}

TEST_F(RunServiceTest, ALearnerThatStopsEndsTheStreamAsUnavailable) {
  feed_.Stop();
  absl::Status end;
  Watch(0, end);
  EXPECT_THAT(end, StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(RunServiceTest, TheStateCountsOpenSlots) {
  ASSERT_OK(intake_->Open(0, 1));
  ASSERT_OK(intake_->Open(0, 2));
  feed_.Add(Record(4));
  grpc::ClientContext context;
  rpc::SetDeadline(context, absl::Now() + absl::Seconds(20));
  learner::v1::GetRunResponse response;
  ASSERT_TRUE(stub_->GetRun(&context, {}, &response).ok());
  EXPECT_EQ(response.phase(), learner::v1::RUN_PHASE_STARTING);
  EXPECT_EQ(response.open_slots(), 2);
  EXPECT_EQ(response.steps_done(), 5);
}

}  // namespace
}  // namespace cohort::learner

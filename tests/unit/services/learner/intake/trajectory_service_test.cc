#include "services/learner/intake/trajectory_service.h"

#include "absl/time/clock.h"
#include "common/rpc/call_trace.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "common/rpc/status.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gtest/gtest.h"
#include "tests/unit/services/learner/intake/test_group.h"

namespace cohort::learner {
namespace {

using ::cohort::testing::HasReason;
using ::cohort::testing::IsOk;
using ::cohort::testing::StatusIs;

TEST(TrajectoryServiceTest, AnswersOverTheWireAreThoseOfTheIntake) {
  testing::TempDir directory;
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<Journal> journal, Journal::Open({directory.path()}, 0));
  Intake intake({"run", 1, 0, {.group_size = 2, .max_new_tokens = 4, .vocab_size = 10, .max_staleness = 0}}, journal.get());
  ASSERT_OK(intake.Open(0, 5));
  TrajectoryServiceImpl service(&intake);
  ASSERT_OK_AND_ASSIGN(const auto server, rpc::Server::Start({"127.0.0.1:0", false, {&service}}));
  const auto stub = learner::v1::TrajectoryService::NewStub(rpc::Connect(server->address()));
  const auto submit = [&stub](learner::v1::Group group) {
    group.set_trace_id("what a worker says does not count");
    learner::v1::SubmitGroupRequest request;
    *request.mutable_group() = group;
    learner::v1::SubmitGroupResponse response;
    grpc::ClientContext context;
    rpc::SetDeadline(context, absl::Now() + absl::Seconds(20));
    return rpc::FromGrpc(stub->SubmitGroup(&context, request, &response));
  };

  EXPECT_THAT(submit(TestGroup(0, 0, 5, 0, /*incarnation=*/8)), HasReason("OTHER_INCARNATION"));
  {
    const rpc::TraceScope scope(rpc::TraceContext::Parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
    EXPECT_OK(submit(TestGroup(0, 0, 5, 0)));
  }
  EXPECT_THAT(submit(TestGroup(0, 0, 5, 0)), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(intake.TakeNext().front().group.trace_id(), ::testing::Eq("4bf92f3577b34da6a3ce929d0e0e4736"));
  server->Shutdown(absl::Now() + absl::Seconds(1));
  journal.reset();
}

}  // namespace
}  // namespace cohort::learner

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "common/rpc/status.h"
#include "common/status/errors.h"
#include "common/testing/status_matchers.h"
#include "grpcpp/generic/generic_stub.h"
#include "proto/cohort/rollout/v1/rollout_service.grpc.pb.h"

namespace cohort::rpc {
namespace {

using ::cohort::testing::HasReason;
using ::cohort::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

absl::Time Soon() { return absl::Now() + absl::Seconds(10); }

// Fails `failures` times with UNAVAILABLE, then answers.
class FlakyRollout final : public rollout::v1::RolloutService::Service {
 public:
  explicit FlakyRollout(int failures) : failures_(failures) {}
  grpc::Status GetWorker(grpc::ServerContext*, const rollout::v1::GetWorkerRequest*, rollout::v1::GetWorkerResponse* response) override {
    ++calls;
    if (failures_-- > 0) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "warming up");
    response->set_worker_id("w");
    return grpc::Status::OK;
  }
  int calls = 0;

 private:
  int failures_;
};

absl::Status CallGetWorker(const std::string& address, absl::Time deadline, std::string* worker = nullptr) {
  auto stub = rollout::v1::RolloutService::NewStub(Connect(address));
  return CallWithRetry(address, deadline, {.first_delay = absl::Milliseconds(1)}, [&](grpc::ClientContext& context) {
    rollout::v1::GetWorkerResponse response;
    const grpc::Status status = stub->GetWorker(&context, {}, &response);
    if (worker != nullptr) *worker = response.worker_id();
    return status;
  });
}

TEST(RpcStatusTest, ReasonAndRetryDelayCrossTheWire) {
  const absl::Status error = WithRetryDelay(ErrorWithReason(absl::StatusCode::kResourceExhausted, "QUEUE_FULL", "try later"), absl::Milliseconds(1250));
  const absl::Status returned = FromGrpc(ToGrpc(error));
  EXPECT_THAT(returned, AllOf(StatusIs(absl::StatusCode::kResourceExhausted, "try later"), HasReason("QUEUE_FULL")));
  EXPECT_EQ(RetryDelay(returned, absl::ZeroDuration()), absl::Milliseconds(1250));
}

TEST(RpcStatusTest, APlainErrorKeepsCodeAndMessage) {
  EXPECT_THAT(FromGrpc(ToGrpc(absl::NotFoundError("no such run"))), AllOf(StatusIs(absl::StatusCode::kNotFound, "no such run"), HasReason("")));
  EXPECT_OK(FromGrpc(ToGrpc(absl::OkStatus())));
}

TEST(RpcServerTest, BecomesReadyOnlyWhenToldWhileLivenessServesFromTheStart) {
  ASSERT_OK_AND_ASSIGN(auto server, Server::Start({.address = "127.0.0.1:0"}));
  auto channel = Connect(server->address());
  EXPECT_OK(WaitUntilReady(channel, server->address(), "liveness", Soon()));
  EXPECT_THAT(WaitUntilReady(channel, server->address(), "readiness", absl::Now() + absl::Milliseconds(100)),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr(server->address())));
  server->SetReady(true);
  EXPECT_OK(WaitUntilReady(channel, server->address(), "readiness", Soon()));
}

// The reply to the first message of a call to `method`, both as bytes of the wire format: what a tool does that has no generated code.
std::string RawCall(const std::string& address, const std::string& method, const std::string& request) {
  grpc::GenericStub stub(Connect(address));
  grpc::ClientContext context;
  SetDeadline(context, Soon());
  grpc::CompletionQueue queue;
  const auto next = [&] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  const auto call = stub.PrepareCall(&context, method, &queue);
  call->StartCall(nullptr);
  EXPECT_TRUE(next());
  const grpc::Slice slice(request);
  call->Write(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions().set_last_message(), nullptr);
  EXPECT_TRUE(next());
  grpc::ByteBuffer reply;
  call->Read(&reply, nullptr);
  EXPECT_TRUE(next()) << method << " sent no reply";
  grpc::Status status;
  call->Finish(&status, nullptr);
  next();
  EXPECT_TRUE(status.ok()) << status.error_message();
  std::string bytes;
  std::vector<grpc::Slice> slices;
  EXPECT_TRUE(reply.Dump(&slices).ok());
  for (const grpc::Slice& part : slices) bytes.append(reinterpret_cast<const char*>(part.begin()), part.size());
  return bytes;
}

TEST(RpcServerTest, ToolsFindItsServicesByReflectionAndItsListenerByChannelz) {
  FlakyRollout service(0);
  ASSERT_OK_AND_ASSIGN(auto server, Server::Start({.address = "127.0.0.1:0", .services = {&service}}));
  const std::string list_services("\x3a\x00", 2);  // ServerReflectionRequest{list_services: ""}
  EXPECT_THAT(RawCall(server->address(), "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", list_services),
              AllOf(HasSubstr("cohort.rollout.v1.RolloutService"), HasSubstr("grpc.health.v1.Health")));
  EXPECT_THAT(RawCall(server->address(), "/grpc.channelz.v1.Channelz/GetServers", ""), HasSubstr("chttp2 listener"));
}

TEST(RpcServerTest, RefusesToServePlaintextBeyondLoopbackUnlessAskedTo) {
  EXPECT_THAT(Server::Start({.address = "0.0.0.0:0"}), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--allow-remote")));
}

TEST(RpcServerTest, AnAddressInUseIsNamed) {
  ASSERT_OK_AND_ASSIGN(auto server, Server::Start({.address = "127.0.0.1:0"}));
  EXPECT_THAT(Server::Start({.address = server->address()}), StatusIs(absl::StatusCode::kUnavailable, HasSubstr(server->address())));
}

TEST(RpcClientTest, RepeatsUntilTheServiceAnswers) {
  FlakyRollout service(/*failures=*/3);
  ASSERT_OK_AND_ASSIGN(auto server, Server::Start({.address = "127.0.0.1:0", .services = {&service}}));
  std::string worker;
  EXPECT_OK(CallGetWorker(server->address(), Soon(), &worker));
  EXPECT_EQ(worker, "w");
  EXPECT_EQ(service.calls, 4);
}

TEST(RpcClientTest, GivesUpAtTheDeadlineAndNamesTheAddress) {
  const absl::Time begin = absl::Now();
  EXPECT_THAT(CallGetWorker("127.0.0.1:1", begin + absl::Milliseconds(300)), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("127.0.0.1:1")));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(5));
}

TEST(RpcClientTest, DoesNotRepeatWhatCannotSucceed) {
  FlakyRollout service(0);
  ASSERT_OK_AND_ASSIGN(auto server, Server::Start({.address = "127.0.0.1:0", .services = {&service}}));
  int attempts = 0;
  const absl::Status status = CallWithRetry("x", Soon(), {}, [&](grpc::ClientContext&) {
    ++attempts;
    return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "bad");
  });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(attempts, 1);
}

}  // namespace
}  // namespace cohort::rpc

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "common/rpc/address.h"
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
using ::testing::SizeIs;

absl::Time Soon() { return absl::Now() + absl::Seconds(10); }

// Fails `failures` times with UNAVAILABLE, then answers.
class FlakyRollout final : public rollout::v1::RolloutService::Service {
 public:
  explicit FlakyRollout(int failures) : failures_(failures) {}
  grpc::Status GetWorker(grpc::ServerContext* context, const rollout::v1::GetWorkerRequest*, rollout::v1::GetWorkerResponse* response) override {
    ++calls;
    absl::MutexLock lock(&mutex_);
    last_peer_ = context->peer();
    if (failures_-- > 0) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "warming up");
    response->set_worker_id("w");
    return grpc::Status::OK;
  }
  std::atomic<int> calls = 0;
  // Address of the connection that the last call came by.
  std::string last_peer() const {
    absl::MutexLock lock(&mutex_);
    return last_peer_;
  }

 private:
  std::atomic<int> failures_;
  mutable absl::Mutex mutex_;
  std::string last_peer_ ABSL_GUARDED_BY(mutex_);
};

// A way to a server that takes one connection and passes nothing on until `delay` has passed, as a busy peer or a far one.
class SlowRelay {
 public:
  SlowRelay(const std::string& server, absl::Duration delay) : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = Loopback(0);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    address_ = absl::StrCat("127.0.0.1:", ntohs(address.sin_port));
    int port = 0;
    EXPECT_TRUE(absl::SimpleAtoi(server.substr(server.find(':') + 1), &port));
    relay_ = std::thread([this, port, delay] { Relay(port, delay); });
  }
  ~SlowRelay() {
    shutdown(listener_, SHUT_RDWR);
    relay_.join();
    close(listener_);
  }
  const std::string& address() const { return address_; }

 private:
  static sockaddr_in Loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    return address;
  }
  void Relay(int port, absl::Duration delay) const {
    const int client = accept(listener_, nullptr, nullptr);
    if (client < 0) return;
    absl::SleepFor(delay);
    const int server = socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = Loopback(port);
    pollfd ends[] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    bool open = connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    char bytes[4096];
    while (open && poll(ends, 2, -1) > 0) {
      for (int i = 0; i < 2 && open; ++i) {
        if (ends[i].revents == 0) continue;
        const ssize_t count = read(ends[i].fd, bytes, sizeof(bytes));
        open = count > 0 && send(ends[1 - i].fd, bytes, static_cast<size_t>(count), MSG_NOSIGNAL) == count;
      }
    }
    close(server);
    close(client);
  }

  const int listener_;
  std::string address_;
  std::thread relay_;
};

absl::Status CallGetWorker(const std::string& address, absl::Time deadline, std::string* worker = nullptr, metrics::Registry* metrics = nullptr) {
  auto stub = rollout::v1::RolloutService::NewStub(Connect(address, nullptr, metrics));
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

TEST(RpcServerTest, PeopleReadWhereItListensAndClientsOfThisMachineWhereToFindIt) {
  ASSERT_OK_AND_ASSIGN(auto server, Server::Start({.address = "0.0.0.0:0", .allow_remote = true}));
  EXPECT_EQ(server->listens_on(), absl::StrCat("0.0.0.0:", server->port()));
  EXPECT_EQ(server->address(), absl::StrCat("127.0.0.1:", server->port()));
}

TEST(RpcServerTest, AnAddressInUseIsNamed) {
  ASSERT_OK_AND_ASSIGN(auto server, Server::Start({.address = "127.0.0.1:0"}));
  EXPECT_THAT(Server::Start({.address = server->address()}), StatusIs(absl::StatusCode::kUnavailable, HasSubstr(server->address())));
}

TEST(RpcServerTest, CallsAreCountedByMethodAndStatus) {
  metrics::Registry registry;
  FlakyRollout service(/*failures=*/2);
  ASSERT_OK_AND_ASSIGN(const auto server, Server::Start({.address = "127.0.0.1:0", .services = {&service}, .metrics = &registry}));
  ASSERT_OK(CallGetWorker(server->address(), Soon()));
  server->Shutdown(Soon());
  const std::string method = "grpc_server_call_duration_seconds_count{grpc_method=\"cohort.rollout.v1.RolloutService/GetWorker\",grpc_status=";
  EXPECT_THAT(registry.Expose(), AllOf(HasSubstr(method + "\"OK\"} 1\n"), HasSubstr(method + "\"UNAVAILABLE\"} 2\n")));
}

TEST(RpcClientTest, CallsAreCountedByMethodAndStatus) {
  metrics::Registry registry;
  FlakyRollout service(/*failures=*/2);
  ASSERT_OK_AND_ASSIGN(const auto server, Server::Start({.address = "127.0.0.1:0", .services = {&service}}));
  ASSERT_OK(CallGetWorker(server->address(), Soon(), nullptr, &registry));
  const std::string method = "grpc_client_call_duration_seconds_count{grpc_method=\"cohort.rollout.v1.RolloutService/GetWorker\",grpc_status=";
  EXPECT_THAT(registry.Expose(), AllOf(HasSubstr(method + "\"OK\"} 1\n"), HasSubstr(method + "\"UNAVAILABLE\"} 2\n")));
}

TEST(RpcClientTest, ACallThatNobodyAnswersIsCountedToo) {
  metrics::Registry registry;
  EXPECT_FALSE(WaitUntilReady(Connect("127.0.0.1:1", nullptr, &registry), "nobody", "readiness", absl::Now() + absl::Seconds(1)).ok());
  EXPECT_THAT(registry.Expose(),
              HasSubstr("grpc_client_call_duration_seconds_count{grpc_method=\"grpc.health.v1.Health/Check\",grpc_status=\"UNAVAILABLE\"}"));
}

TEST(RpcClientTest, RepeatsUntilTheServiceAnswers) {
  FlakyRollout service(/*failures=*/3);
  ASSERT_OK_AND_ASSIGN(auto server, Server::Start({.address = "127.0.0.1:0", .services = {&service}}));
  std::string worker;
  EXPECT_OK(CallGetWorker(server->address(), Soon(), &worker));
  EXPECT_EQ(worker, "w");
  EXPECT_EQ(service.calls, 4);
}

TEST(RpcClientTest, AConnectionThatTakesItsTimeFailsNoCall) {
  FlakyRollout service(0);
  ASSERT_OK_AND_ASSIGN(auto server, Server::Start({.address = "127.0.0.1:0", .services = {&service}}));
  const SlowRelay relay(server->address(), absl::Milliseconds(500));
  auto stub = rollout::v1::RolloutService::NewStub(Connect(relay.address()));
  grpc::ClientContext context;
  SetDeadline(context, Soon());
  rollout::v1::GetWorkerResponse response;
  const grpc::Status status = stub->GetWorker(&context, {}, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST(RpcClientTest, CallsGoToEveryAddressOfANameInTurn) {
  FlakyRollout first(0), second(0);
  ASSERT_OK_AND_ASSIGN(auto one, Server::Start({.address = "127.0.0.1:0", .services = {&first}}));
  ASSERT_OK_AND_ASSIGN(auto two, Server::Start({.address = "127.0.0.1:0", .services = {&second}}));
  auto stub = rollout::v1::RolloutService::NewStub(Connect(absl::StrCat("ipv4:", one->address(), ",", two->address())));
  // Both connections have to stand before the turns are even, so this goes on until each server was called.
  for (const absl::Time deadline = Soon(); (first.calls == 0 || second.calls == 0) && absl::Now() < deadline;) {
    grpc::ClientContext context;
    SetDeadline(context, Soon());
    context.set_wait_for_ready(true);
    rollout::v1::GetWorkerResponse response;
    ASSERT_TRUE(stub->GetWorker(&context, {}, &response).ok());
  }
  EXPECT_GT(first.calls, 0);
  EXPECT_GT(second.calls, 0);
}

TEST(RpcClientTest, AServerWithAConnectionAgeMakesClientsConnectAnewAndFailsNoCall) {
  FlakyRollout service(0);
  ASSERT_OK_AND_ASSIGN(auto server, Server::Start({.address = "127.0.0.1:0", .services = {&service}, .max_connection_age = absl::Milliseconds(50)}));
  auto stub = rollout::v1::RolloutService::NewStub(Connect(server->address()));
  std::set<std::string> connections;
  for (const absl::Time deadline = Soon(); connections.size() < 2 && absl::Now() < deadline; absl::SleepFor(absl::Milliseconds(5))) {
    grpc::ClientContext context;
    SetDeadline(context, Soon());
    context.set_wait_for_ready(true);
    rollout::v1::GetWorkerResponse response;
    const grpc::Status status = stub->GetWorker(&context, {}, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    connections.insert(service.last_peer());
  }
  EXPECT_THAT(connections, SizeIs(2));
}

TEST(RpcAddressTest, AnAdvertisedHostTakesThePlaceOfTheOneThatIsListenedOn) {
  EXPECT_EQ(Advertised("0.0.0.0:7001", "10.1.2.3"), "10.1.2.3:7001");
  EXPECT_EQ(Advertised("0.0.0.0:7001", "fd00::1"), "[fd00::1]:7001");
  EXPECT_EQ(Advertised("127.0.0.1:7001", ""), "127.0.0.1:7001");
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

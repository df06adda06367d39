#include "common/rpc/call_trace.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "common/testing/status_matchers.h"
#include "proto/cohort/rollout/v1/rollout_service.grpc.pb.h"

namespace cohort::rpc {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kHeader[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
constexpr char kId[] = "4bf92f3577b34da6a3ce929d0e0e4736";

absl::Time Soon() { return absl::Now() + absl::Seconds(10); }

// Remembers what its callers sent and how it understood them.
class Listener final : public rollout::v1::RolloutService::Service {
 public:
  grpc::Status GetWorker(grpc::ServerContext* context, const rollout::v1::GetWorkerRequest*, rollout::v1::GetWorkerResponse*) override {
    absl::MutexLock lock(&mutex_);
    const auto [begin, end] = context->client_metadata().equal_range("traceparent");
    for (auto it = begin; it != end; ++it) headers_.emplace_back(it->second.data(), it->second.size());
    ids_.push_back(TraceOf(*context).TraceId());
    return ids_.size() < failures + 1 ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "not yet") : grpc::Status::OK;
  }

  std::vector<std::string> headers() const {
    absl::MutexLock lock(&mutex_);
    return headers_;
  }
  std::vector<std::string> ids() const {
    absl::MutexLock lock(&mutex_);
    return ids_;
  }
  size_t failures = 0;  // Of the first calls.

 private:
  mutable absl::Mutex mutex_;
  std::vector<std::string> headers_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> ids_ ABSL_GUARDED_BY(mutex_);
};

class CallTraceTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_OK_AND_ASSIGN(server_, Server::Start({.address = "127.0.0.1:0", .services = {&listener_}})); }

  // One call whose context has these headers already.
  void Call(const std::vector<std::string>& headers = {}) {
    const auto stub = rollout::v1::RolloutService::NewStub(Connect(server_->address()));
    ASSERT_OK(CallWithRetry("test", Soon(), {.first_delay = absl::Milliseconds(1)}, [&](grpc::ClientContext& context) {
      for (const std::string& header : headers) context.AddMetadata("traceparent", header);
      rollout::v1::GetWorkerResponse response;
      return stub->GetWorker(&context, {}, &response);
    }));
  }

  Listener listener_;
  std::unique_ptr<Server> server_;
};

TEST_F(CallTraceTest, ACallOutsideOfAnyScopeBeginsATraceThatTheServerSees) {
  Call();
  Call();
  ASSERT_THAT(listener_.headers(), SizeIs(2));
  EXPECT_THAT(listener_.ids(), ElementsAre(TraceIdOf(listener_.headers()[0]), TraceIdOf(listener_.headers()[1])));
  EXPECT_NE(listener_.ids()[0], listener_.ids()[1]);
}

TEST_F(CallTraceTest, EveryAttemptWithinAScopeIsAnotherChildOfItsTrace) {
  listener_.failures = 2;
  const TraceScope scope(TraceContext::Parse(kHeader));
  Call();
  const std::vector<std::string> headers = listener_.headers();
  ASSERT_THAT(headers, SizeIs(3));
  EXPECT_THAT(listener_.ids(), Each(Eq(kId)));
  EXPECT_THAT(headers, Each(Not(Eq(kHeader))));
  EXPECT_TRUE(headers[0] != headers[1] && headers[1] != headers[2] && headers[0] != headers[2]);
}

TEST_F(CallTraceTest, WhatAContextCarriesAlreadyIsKept) {
  Call({kHeader});
  EXPECT_THAT(listener_.headers(), ElementsAre(kHeader));
}

TEST_F(CallTraceTest, AServerBeginsATraceWhereTheHeaderIsInvalidOrNotTheOnlyOne) {
  Call({"nonsense"});
  Call({kHeader, kHeader});
  ASSERT_THAT(listener_.ids(), SizeIs(2));
  EXPECT_THAT(listener_.ids(), Each(Not(Eq(kId))));
  for (const std::string& id : listener_.ids()) EXPECT_THAT(id, SizeIs(32));
}

TEST(TraceScopeTest, ScopesNestAndEnd) {
  EXPECT_EQ(CurrentTraceTag(), "");
  {
    const TraceScope outer(TraceContext(1, 2, 3));
    {
      const TraceScope inner(TraceContext::Parse(kHeader));
      EXPECT_EQ(CurrentTraceTag(), std::string(" trace=") + kId);
    }
    EXPECT_EQ(CurrentTrace(), TraceContext(1, 2, 3));
  }
  EXPECT_EQ(CurrentTrace(), std::nullopt);
}

}  // namespace
}  // namespace cohort::rpc

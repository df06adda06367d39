#include "tests/integration/queue/queue_under_test.h"

#include <atomic>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/queue/in_memory_prompt_queue.h"
#include "common/queue/redis_prompt_queue.h"
#include "common/redis/connection.h"
#include "common/testing/redis_server.h"
#include "common/testing/status_matchers.h"
#include "gtest/gtest.h"

namespace cohort::queue {
namespace {

using cohort::testing::RedisServer;
using redis::LostReply;
using redis::Reply;

absl::Time Soon() { return absl::Now() + absl::Seconds(20); }

class InMemoryUnderTest final : public QueueUnderTest {
 public:
  absl::StatusOr<std::unique_ptr<PromptQueue>> Open(QueueOptions options) override {
    return std::make_unique<InMemoryPromptQueue>(state_, std::move(options));
  }
  void AgeLeases(absl::Duration age) override { passed_ns_ += absl::ToInt64Nanoseconds(age); }

 private:
  std::atomic<int64_t> passed_ns_{0};
  const std::shared_ptr<InMemoryQueueState> state_ =
      std::make_shared<InMemoryQueueState>([this] { return absl::UnixEpoch() + absl::Nanoseconds(passed_ns_.load()); });
};

class RedisUnderTest final : public QueueUnderTest {
 public:
  explicit RedisUnderTest(std::string address) : address_(std::move(address)), connection_({.address = address_, .client_name = "test"}) {
    static int runs = 0;
    run_id_ = absl::StrCat("run-", ++runs);
  }

  absl::StatusOr<std::unique_ptr<PromptQueue>> Open(QueueOptions options) override {
    options.run_id = run_id_;
    return RedisPromptQueue::Open(address_, std::move(options), Soon());
  }

  void AgeLeases(absl::Duration age) override {
    const RedisQueueKeys keys(run_id_);
    ASSERT_OK_AND_ASSIGN(const Reply pending, Command({"XPENDING", keys.stream, keys.group, "-", "+", "10000"}));
    for (const Reply& lease : pending.elements) {
      const std::string& id = lease.elements[0].text;
      const std::string& holder = lease.elements[1].text;
      const int64_t idle = lease.elements[2].integer + absl::ToInt64Milliseconds(age);
      ASSERT_OK(Command({"XCLAIM", keys.stream, keys.group, holder, "0", id, "IDLE", absl::StrCat(idle), "JUSTID"}));
    }
  }

 private:
  absl::StatusOr<Reply> Command(const std::vector<std::string>& command) { return connection_.Command(command, Soon(), LostReply::kReport); }

  const std::string address_;
  redis::Connection connection_;
  std::string run_id_;
};

}  // namespace

std::unique_ptr<QueueUnderTest> MakeInMemoryQueue() { return std::make_unique<InMemoryUnderTest>(); }

std::unique_ptr<QueueUnderTest> MakeRedisQueue() {
  static const absl::StatusOr<std::unique_ptr<RedisServer>> server = RedisServer::Start();
  EXPECT_OK(server);
  return std::make_unique<RedisUnderTest>((*server)->address());
}

}  // namespace cohort::queue

#include "common/redis/connection.h"

#include "absl/time/clock.h"
#include "common/redis/command_stats.h"
#include "common/redis/pool.h"
#include "common/sync/thread.h"
#include "common/testing/redis_server.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::redis {
namespace {

using ::cohort::testing::HasReason;
using ::cohort::testing::RedisServer;
using ::cohort::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

const Script kIncrement = {"increment", "return redis.call('INCRBY', KEYS[1], ARGV[1])"};
const Script kFail = {"fail", "return redis.error_reply('TOO_LATE it is over')"};

absl::Time In(int milliseconds) { return absl::Now() + absl::Milliseconds(milliseconds); }
absl::Time Soon() { return In(20000); }

class ConnectionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(server_, RedisServer::Start({.append_only = true}));
    connection_ = std::make_unique<Connection>(Connection::Options{.address = server_->address(), .client_name = "test"});
  }
  int64_t Counter() {
    auto reply = connection_->Command({"GET", "counter"}, Soon(), LostReply::kRepeat);
    EXPECT_OK(reply);
    return reply.ok() && !reply->is_nil() ? *AsInteger(*reply) : 0;
  }

  std::unique_ptr<RedisServer> server_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(ConnectionTest, RepliesOfEachKindBecomeValues) {
  ASSERT_OK_AND_ASSIGN(const Reply reply, connection_->Command({"EVAL", "return {7, 'text', false, {}}", "0"}, Soon(), LostReply::kRepeat));
  ASSERT_EQ(reply.elements.size(), 4);
  EXPECT_EQ(*AsInteger(reply.elements[0]), 7);
  EXPECT_EQ(*AsString(reply.elements[1]), "text");
  EXPECT_TRUE(reply.elements[2].is_nil());
  EXPECT_TRUE(reply.elements[3].is_array());
}

TEST_F(ConnectionTest, BytesPassUnchanged) {
  const std::string bytes("\0\r\n\xff$", 5);
  ASSERT_OK(connection_->Command({"SET", "key", bytes}, Soon(), LostReply::kRepeat));
  ASSERT_OK_AND_ASSIGN(const Reply reply, connection_->Command({"GET", "key"}, Soon(), LostReply::kRepeat));
  EXPECT_EQ(reply.text, bytes);
}

TEST_F(ConnectionTest, LargeValuesPassInBothDirections) {
  const std::string large(8 << 20, 'x');
  ASSERT_OK(connection_->Command({"SET", "key", large}, Soon(), LostReply::kRepeat));
  ASSERT_OK_AND_ASSIGN(const Reply reply, connection_->Command({"GET", "key"}, Soon(), LostReply::kRepeat));
  EXPECT_EQ(reply.text, large);
}

TEST_F(ConnectionTest, NameIsShownToTheServer) {
  ASSERT_OK_AND_ASSIGN(const Reply reply, connection_->Command({"CLIENT", "GETNAME"}, Soon(), LostReply::kRepeat));
  EXPECT_EQ(reply.text, "test");
}

TEST_F(ConnectionTest, ErrorsOfTheServerKeepTheirCodeAndNameTheAddress) {
  ASSERT_OK(connection_->Command({"SET", "key", "text"}, Soon(), LostReply::kRepeat));
  EXPECT_THAT(connection_->Command({"LPUSH", "key", "1"}, Soon(), LostReply::kRepeat),
              AllOf(StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(server_->address())), HasReason("WRONGTYPE")));
  EXPECT_THAT(connection_->Run(kFail, {}, {}, Soon(), LostReply::kRepeat),
              AllOf(StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("it is over")), HasReason("TOO_LATE")));
}

TEST_F(ConnectionTest, ScriptIsTaughtAgainWhenTheServerHasForgottenIt) {
  ASSERT_OK(connection_->Run(kIncrement, {"counter"}, {"2"}, Soon(), LostReply::kReport));
  ASSERT_OK(connection_->Command({"SCRIPT", "FLUSH"}, Soon(), LostReply::kRepeat));
  ASSERT_OK(connection_->Run(kIncrement, {"counter"}, {"3"}, Soon(), LostReply::kReport));
  EXPECT_EQ(Counter(), 5);
}

TEST_F(ConnectionTest, ReconnectsToARestartedServerInsideTheCall) {
  ASSERT_OK(connection_->Command({"SET", "counter", "4"}, Soon(), LostReply::kRepeat));
  server_->Kill();
  int64_t counter = 0;
  sync::Thread caller("caller", [&] { counter = Counter(); });
  absl::SleepFor(absl::Milliseconds(30));
  ASSERT_OK(server_->Restart());
  caller.Join();
  EXPECT_EQ(counter, 4);
}

TEST_F(ConnectionTest, ConnectionThatDiedWhileIdleIsNoticedBeforeACommandIsSent) {
  ASSERT_OK(connection_->Run(kIncrement, {"counter"}, {"1"}, Soon(), LostReply::kReport));
  server_->Kill();
  ASSERT_OK(server_->Restart());
  EXPECT_OK(connection_->Run(kIncrement, {"counter"}, {"1"}, Soon(), LostReply::kReport));
  EXPECT_EQ(Counter(), 2);
}

TEST_F(ConnectionTest, CommandsAndConnectionsAreCountedForTheProcess) {
  const CommandStats& stats = CommandStats::OfProcess();
  const uint64_t done = stats.done(), failed = stats.failed(), connects = stats.connects();
  ASSERT_OK(connection_->Command({"PING"}, Soon(), LostReply::kRepeat));
  EXPECT_FALSE(connection_->Command({"NO-SUCH-COMMAND"}, Soon(), LostReply::kRepeat).ok());
  server_->Kill();
  ASSERT_OK(server_->Restart());
  ASSERT_OK(connection_->Command({"PING"}, Soon(), LostReply::kRepeat));
  EXPECT_EQ(stats.done(), done + 2);
  EXPECT_EQ(stats.failed(), failed + 1);
  EXPECT_EQ(stats.connects(), connects + 2);
  EXPECT_GT(stats.seconds(), 0);
}

TEST_F(ConnectionTest, UnreachableServerIsNamedWhenTheDeadlineComes) {
  server_->Kill();
  const absl::Time start = absl::Now();
  EXPECT_THAT(connection_->Command({"PING"}, start + absl::Milliseconds(150), LostReply::kRepeat),
              StatusIs(absl::StatusCode::kUnavailable, AllOf(HasSubstr(server_->address()), HasSubstr("Connection refused"), HasSubstr("attempts"))));
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
}

TEST_F(ConnectionTest, AddressWithoutAPortIsRefusedAtOnce) {
  for (const char* address : {"localhost", "localhost:", ":6379", "localhost:0", "localhost:99999", "localhost:x"}) {
    Connection connection({.address = address, .client_name = "test"});
    EXPECT_THAT(connection.Command({"PING"}, Soon(), LostReply::kRepeat), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(address)));
  }
}

TEST_F(ConnectionTest, SilentServerDoesNotHoldACallBeyondItsDeadline) {
  ASSERT_OK(connection_->Command({"PING"}, Soon(), LostReply::kRepeat));
  server_->Pause();
  const absl::Time start = absl::Now();
  EXPECT_THAT(connection_->Command({"PING"}, start + absl::Milliseconds(150), LostReply::kRepeat),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr(server_->address())));
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(150));
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
  server_->Resume();
  EXPECT_OK(connection_->Command({"PING"}, Soon(), LostReply::kRepeat)) << "the late answer to the former call must not be taken for this one's";
}

TEST_F(ConnectionTest, LostReplyOfACommandThatMustNotRunTwiceIsReported) {
  ASSERT_OK(connection_->Run(kIncrement, {"counter"}, {"1"}, Soon(), LostReply::kReport));
  server_->Pause();
  EXPECT_THAT(connection_->Run(kIncrement, {"counter"}, {"1"}, In(100), LostReply::kReport),
              StatusIs(absl::StatusCode::kUnavailable, AllOf(HasSubstr("outcome unknown"), HasSubstr(server_->address()))));
  server_->Resume();
  EXPECT_LE(Counter(), 2);
}

TEST_F(ConnectionTest, PoolBoundsItsConnectionsAndMakesCallersWait) {
  Pool pool({.address = server_->address(), .client_name = "pool"}, /*max_connections=*/1);
  auto lent = pool.Lend(Soon());
  ASSERT_OK(lent);
  EXPECT_THAT(pool.Command({"PING"}, In(30), LostReply::kRepeat), StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr(server_->address())));
  lent = absl::CancelledError("given back");
  EXPECT_OK(pool.Command({"PING"}, Soon(), LostReply::kRepeat));
}

}  // namespace
}  // namespace cohort::redis

// Who gets into a real Redis server with passwords and TLS, and what the others are told.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/io/files.h"
#include "common/redis/access.h"
#include "common/redis/command_stats.h"
#include "common/redis/connection.h"
#include "common/redis/endpoint.h"
#include "common/sync/thread.h"
#include "common/testing/certificate_authority.h"
#include "common/testing/redis_server.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::redis {
namespace {

using ::cohort::testing::CertificateAuthority;
using ::cohort::testing::HasReason;
using ::cohort::testing::RedisServer;
using ::cohort::testing::StatusIs;
using ::cohort::testing::TempDir;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kPassword[] = "correct horse";

absl::Time Soon() { return absl::Now() + absl::Seconds(20); }
// Longer than any answer takes; what is refused at once comes sooner.
absl::Time Late() { return absl::Now() + absl::Seconds(30); }

class RedisAccessTest : public ::testing::Test {
 protected:
  Connection Connect(const std::string& address, Access::Settings settings) const {
    return Connection({.address = address, .client_name = "test", .access = std::make_shared<Access>(std::move(settings))});
  }
  absl::Status Ping(const std::string& address, Access::Settings settings, absl::Time deadline = Late()) const {
    return Connect(address, std::move(settings)).Command({"PING"}, deadline, LostReply::kRepeat).status();
  }
  std::string Write(const std::string& name, const std::string& text) const {
    EXPECT_OK(io::WriteFileAtomically(directory_ / name, text));
    return directory_ / name;
  }

  const TempDir directory_;
};

TEST_F(RedisAccessTest, ThePasswordOfAFileOrOfTheEnvironmentLetsIn) {
  ASSERT_OK_AND_ASSIGN(const auto server, RedisServer::Start({.arguments = {"--requirepass", kPassword}}));
  EXPECT_OK(Ping(server->address(), {.password = kPassword}));
  EXPECT_OK(Ping(server->address(), {.password_file = Write("password", absl::StrCat(kPassword, "\n"))}));
  EXPECT_OK(Ping(server->address(), {.user = "default", .password = kPassword}));
}

TEST_F(RedisAccessTest, WhoIsNotLetInIsToldAtOnceWhatToCorrectAndNoSecretIsRepeated) {
  ASSERT_OK_AND_ASSIGN(const auto server, RedisServer::Start({.arguments = {"--requirepass", kPassword}}));
  EXPECT_THAT(Ping(server->address(), {}), AllOf(StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("COHORT_REDIS_PASSWORD_FILE")), HasReason(kRefused)));
  const std::string file = Write("password", "hunter2");
  const absl::Status wrong = Ping(server->address(), {.user = "ulla", .password_file = file});
  EXPECT_THAT(wrong, AllOf(StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr(file)), HasReason(kRefused)));
  EXPECT_THAT(wrong.message(), AllOf(HasSubstr(server->address()), HasSubstr("'ulla'"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(Ping(server->address(), {.password_file = directory_ / "none"}),
              AllOf(StatusIs(absl::StatusCode::kNotFound, HasSubstr("COHORT_REDIS_PASSWORD_FILE")), HasReason(kRefused)));
  EXPECT_THAT(Ping(server->address(), {.password_file = Write("empty", "\n")}), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("the first line is empty")));
  EXPECT_THAT(Ping(server->address(), {.user = "ulla"}), AllOf(StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("without a password")), HasReason(kRefused)));
  EXPECT_THAT(Ping(server->address(), {.password = "a", .password_file = file}), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("both set")));
  const absl::Status in_address = Ping("redis://ulla:hunter2@127.0.0.1:1", {});
  EXPECT_THAT(in_address, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("COHORT_REDIS_PASSWORD_FILE")));
  EXPECT_THAT(in_address.message(), Not(HasSubstr("hunter2")));
}

TEST_F(RedisAccessTest, AServerThatAsksForNoPasswordIsNotTrustedWithOne) {
  ASSERT_OK_AND_ASSIGN(const auto server, RedisServer::Start());
  EXPECT_THAT(Ping(server->address(), {.password = kPassword}),
              AllOf(StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("requirepass")), HasReason(kRefused)));
}

// Hears the first words of every client, answers `line` and hangs up, as a Redis server in protected mode does with other hosts.
class OneLineServer {
 public:
  explicit OneLineServer(std::string line) : line_(std::move(line)), socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(listen(socket_, 8), 0);
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length), 0);
    port_ = ntohs(address.sin_port);
    thread_ = sync::Thread("one_line", [this] { Serve(); });
  }
  ~OneLineServer() {
    shutdown(socket_, SHUT_RDWR);
    thread_.Join();
    close(socket_);
  }
  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }

 private:
  void Serve() {
    for (int client = accept(socket_, nullptr, nullptr); client >= 0; client = accept(socket_, nullptr, nullptr)) {
      char words[4096];
      if (recv(client, words, sizeof(words), 0) > 0) send(client, line_.data(), line_.size(), MSG_NOSIGNAL);
      close(client);
    }
  }

  const std::string line_;
  const int socket_;
  int port_ = 0;
  sync::Thread thread_;
};

TEST_F(RedisAccessTest, WhoAnswersTheFirstCommandWithAnErrorHasNotLetAnybodyIn) {
  const OneLineServer protected_mode("-DENIED Redis is running in protected mode because protected mode is enabled and no password is set\r\n");
  const auto denied = AllOf(StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("it is in protected mode")), HasReason(kRefused));
  EXPECT_THAT(Ping(protected_mode.address(), {}), denied);
  EXPECT_THAT(Ping(protected_mode.address(), {.password = kPassword}), denied);
  const OneLineServer unknown("-STRANGE days\r\n");
  EXPECT_THAT(Ping(unknown.address(), {}), AllOf(StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("STRANGE days")), HasReason(kRefused)));
  // What it lets pass it must not take for a hang-up of a TLS port either.
  const OneLineServer loading("-LOADING Redis is loading the dataset in memory\r\n");
  EXPECT_THAT(Ping(loading.address(), {}, absl::Now() + absl::Seconds(2)), StatusIs(absl::StatusCode::kUnavailable, Not(HasSubstr("rediss://"))));
}

TEST_F(RedisAccessTest, AHangUpWithoutAWordIsToldAsOne) {
  const OneLineServer silent("");
  errno = EPROTO;
  EXPECT_THAT(Ping("rediss://" + silent.address(), {}, absl::Now() + absl::Seconds(3)), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("the server has closed the connection")));
}

TEST_F(RedisAccessTest, AnAddressNamesAHost) {
  for (const char* address : {"rediss://[]:6379", "rediss://:6379", "[]:6379", "6379", "host:0"}) {
    EXPECT_THAT(ParseAddress(address), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is not the address of a Redis server"))) << address;
  }
  ASSERT_OK_AND_ASSIGN(const Endpoint endpoint, ParseAddress("rediss://[::1]:6379"));
  EXPECT_EQ(endpoint.host, "::1");
}

TEST_F(RedisAccessTest, AUserOfAnAclNeedsNoMoreThanTheReadmeSays) {
  const std::string acl = Write("users.acl", absl::StrCat("user default off\nuser ulla on >hunter2 ~cohort:* +@read +@write +@scripting +@connection -@dangerous +info +time\n"));
  ASSERT_OK_AND_ASSIGN(const auto server, RedisServer::Start({.arguments = {"--aclfile", acl}}));
  EXPECT_OK(Ping(server->address(), {.user = "ulla", .password = "hunter2"}));
  Connection other = Connect(server->address(), {.user = "ulla", .password = "hunter2"});
  EXPECT_THAT(other.Command({"GET", "else"}, Soon(), LostReply::kRepeat), AllOf(StatusIs(absl::StatusCode::kPermissionDenied), HasReason(kRefused)));
  EXPECT_THAT(other.Command({"CONFIG", "GET", "*"}, Soon(), LostReply::kRepeat), StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(RedisAccessTest, AConnectionThatIsLostLogsInAgainAndWaitsWhileThePasswordIsBeingChanged) {
  ASSERT_OK_AND_ASSIGN(const auto server, RedisServer::Start({.append_only = true, .arguments = {"--requirepass", kPassword}}));
  Connection connection = Connect(server->address(), {.password_file = Write("password", kPassword)});
  ASSERT_OK(connection.Command({"SET", "key", "1"}, Soon(), LostReply::kRepeat));
  server->Kill();
  ASSERT_OK(server->Restart());
  EXPECT_OK(connection.Command({"GET", "key"}, Soon(), LostReply::kRepeat));

  server->Kill();
  ASSERT_OK(server->Restart({"--requirepass", "next"}));
  EXPECT_THAT(connection.Command({"GET", "key"}, absl::Now() + absl::Seconds(3), LostReply::kRepeat),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("does not take the password")));
  sync::Thread rotation("rotation", [this] {
    absl::SleepFor(absl::Milliseconds(300));
    Write("password", "next");
  });
  ASSERT_OK_AND_ASSIGN(const Reply reply, connection.Command({"GET", "key"}, Late(), LostReply::kRepeat));
  EXPECT_EQ(reply.text, "1");
  rotation.Join();
}

class RedisTlsTest : public RedisAccessTest {
 protected:
  void SetUp() override {
    authority_.Issue("server", "/CN=redis");
    authority_.Issue("client", "/CN=client");
  }
  void Start(std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.end(), {"--requirepass", kPassword});
    ASSERT_OK_AND_ASSIGN(server_, RedisServer::Start({.append_only = true,
                                                      .arguments = std::move(arguments),
                                                      .tls = {.certificate = Path("server.pem"), .key = Path("server.key"), .ca = Path("ca.pem")}}));
  }
  std::string Path(const std::string& file) const { return authority_.path(file); }
  // What a client of the wrong protocol is told. The deadline may cut its last attempt off, then the next call tells.
  std::string LastWordsOf(const std::string& address) const {
    std::string said;
    for (const absl::Time deadline = Late(); said.find("rediss://h") == std::string::npos && said.find("without rediss://") == std::string::npos && absl::Now() < deadline;) {
      said = std::string(Ping(address, With("client"), absl::Now() + absl::Seconds(2)).message());
    }
    return said;
  }
  // A client with the certificate `name`, or with none.
  Access::Settings With(const std::string& name, const std::string& ca = "") const {
    tls::Files files{.ca = ca.empty() ? Path("ca.pem") : ca};
    if (!name.empty()) files.certificate = Path(name + ".pem"), files.key = Path(name + ".key");
    return {.password = kPassword, .tls = files};
  }

  CertificateAuthority authority_{directory_ / "authority"};
  std::unique_ptr<RedisServer> server_;
};

TEST_F(RedisTlsTest, LargeValuesPassInBothDirectionsAndConnectionsComeBack) {
  Start();
  Connection connection = Connect(server_->tls_address(), With("client"));
  std::string large(8 << 20, 'x');
  large[5] = '\0';
  ASSERT_OK(connection.Command({"SET", "key", large}, Soon(), LostReply::kRepeat));
  ASSERT_OK_AND_ASSIGN(Reply reply, connection.Command({"GET", "key"}, Soon(), LostReply::kRepeat));
  EXPECT_EQ(reply.text, large);

  const uint64_t connects = CommandStats::OfProcess().connects();
  for (int i = 0; i < 100; ++i) ASSERT_OK(connection.Command({"PING"}, Soon(), LostReply::kReport));
  EXPECT_EQ(CommandStats::OfProcess().connects(), connects) << "a session ticket was taken for a lost connection";

  server_->Kill();
  ASSERT_OK(server_->Restart());
  ASSERT_OK_AND_ASSIGN(reply, connection.Command({"GET", "key"}, Soon(), LostReply::kReport));
  EXPECT_EQ(reply.text, large);
}

TEST_F(RedisTlsTest, DeadlinesHoldWhileTheServerIsSilent) {
  Start();
  Connection connection = Connect(server_->tls_address(), With("client"));
  ASSERT_OK(connection.Command({"PING"}, Soon(), LostReply::kReport));
  server_->Pause();
  EXPECT_THAT(connection.Command({"PING"}, absl::Now() + absl::Seconds(1), LostReply::kRepeat), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(Ping(server_->tls_address(), With("client"), absl::Now() + absl::Seconds(3)), StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("handshake")));
  server_->Resume();
  EXPECT_OK(connection.Command({"PING"}, Soon(), LostReply::kRepeat));
}

TEST_F(RedisTlsTest, EachEndThatTheOtherDoesNotAcceptIsToldWhy) {
  Start();
  const auto refused = [](const std::string& why) { return AllOf(StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr(why)), HasReason(kRefused)); };
  EXPECT_THAT(Ping(server_->tls_address(), With("")), refused("set COHORT_REDIS_CERT and COHORT_REDIS_KEY"));
  CertificateAuthority stranger(directory_ / "stranger");
  EXPECT_THAT(Ping(server_->tls_address(), With("client", stranger.path("ca.pem"))), refused("not vouched for by " + stranger.path("ca.pem")));
  stranger.Issue("mallory", "/CN=mallory");
  Access::Settings mallory = With("");
  mallory.tls.certificate = stranger.path("mallory.pem");
  mallory.tls.key = stranger.path("mallory.key");
  EXPECT_THAT(Ping(server_->tls_address(), mallory), refused("correct COHORT_REDIS_CERT"));
  EXPECT_THAT(Ping(server_->tls_address(), {.password = kPassword}), refused("the system's authorities"));

  std::string plaintext = server_->tls_address();
  plaintext.replace(0, std::string("rediss").size(), "redis");
  // The server hangs up without a word, as one does that is just ending.
  EXPECT_THAT(LastWordsOf(plaintext), HasSubstr("rediss://host:port"));
  // A plaintext server may wait for the rest of a line that never comes.
  EXPECT_THAT(LastWordsOf("rediss://" + server_->address()), HasSubstr("without rediss://"));
}

TEST_F(RedisTlsTest, ACertificateForAnotherHostOrOfThePastIsNotTaken) {
  authority_.Issue("server", "/CN=redis", 5, "DNS:elsewhere");
  Start({"--tls-auth-clients", "no"});
  EXPECT_THAT(Ping(server_->tls_address(), With("")), AllOf(StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("does not name this host")), HasReason(kRefused)));

  authority_.Issue("late", "/CN=late", 0);
  absl::SleepFor(absl::Milliseconds(1100));
  EXPECT_THAT(Ping(server_->tls_address(), With("late")), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("late.pem: the certificate expired at")));
}

TEST_F(RedisTlsTest, AnExpiredAuthorityMayStandBeforeItsSuccessor) {
  Start();
  authority_.Issue("late", "/CN=late", 0);
  absl::SleepFor(absl::Milliseconds(1100));
  ASSERT_OK_AND_ASSIGN(const std::string expired, io::ReadFile(Path("late.pem")));
  ASSERT_OK_AND_ASSIGN(const std::string successor, io::ReadFile(Path("ca.pem")));
  EXPECT_OK(Ping(server_->tls_address(), With("client", Write("both.pem", expired + successor))));
}

TEST_F(RedisTlsTest, WithoutClientCertificatesTheAuthorityIsEnough) {
  Start({"--tls-auth-clients", "no"});
  EXPECT_OK(Ping(server_->tls_address(), With("")));
}

}  // namespace
}  // namespace cohort::redis

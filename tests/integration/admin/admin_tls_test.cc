// The real cohort-admin over TLS, asked by the real `cohort` command: who gets in, as whom, and what the others are told.
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/io/files.h"
#include "common/process/child_process.h"
#include "common/rpc/client.h"
#include "common/rpc/tls.h"
#include "common/testing/certificate_authority.h"
#include "common/testing/redis_server.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "grpcpp/impl/codegen/client_unary_call.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "nlohmann/json.hpp"
#include "proto/cohort/common/v1/log_service.pb.h"
#include "tests/integration/cli/cli_program.h"

namespace cohort::testing {
namespace {

using ::testing::HasSubstr;

class AdminTlsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto redis = RedisServer::Start();
    ASSERT_OK(redis);
    redis_ = *std::move(redis);
    authority_ = std::make_unique<CertificateAuthority>(directory_.path());
    authority_->Issue("server", "/CN=server");
    authority_->Issue("operator", "/O=cohort:operator/CN=olga");
    authority_->Issue("viewer", "/O=cohort:viewer/CN=vera");
    setenv("XDG_CONFIG_HOME", directory_.path().c_str(), 1);
  }
  void TearDown() override {
    if (admin_ != nullptr) admin_->Stop(absl::Now() + absl::Seconds(10));
  }

  std::string Path(const std::string& file) const { return authority_->path(file); }

  process::ChildProcess::Options Command(const std::vector<std::string>& more) const {
    process::ChildProcess::Options options;
    options.command = {absl::StrCat(getenv("COHORT_BIN"), "/cohort-admin"), "--redis", redis_->address(), "--run", "run", "--endpoint-file", Path("endpoint.json")};
    options.command.insert(options.command.end(), more.begin(), more.end());
    options.log_file = Path("admin.log");
    return options;
  }

  void StartAdmin() {
    auto started = process::ChildProcess::Start(Command({"--tls-cert", Path("server.pem"), "--tls-key", Path("server.key"), "--tls-ca", Path("ca.pem")}));
    ASSERT_OK(started);
    admin_ = *std::move(started);
    const absl::Time deadline = absl::Now() + absl::Seconds(30);
    while (!io::ReadFile(Path("endpoint.json")).ok() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(20));
    ASSERT_OK_AND_ASSIGN(const std::string endpoint, io::ReadFile(Path("endpoint.json")));
    endpoint_ = nlohmann::json::parse(endpoint)["grpc"];
  }

  // `cohort COMMAND` with the certificate `who`.
  CliResult As(const std::string& who, std::vector<std::string> command) {
    command.insert(command.end(), {"--endpoint", endpoint_, "--tls-ca", Path("ca.pem"), "--tls-cert", Path(who + ".pem"), "--tls-key", Path(who + ".key")});
    return RunCli(command);
  }

  const TempDir directory_;
  std::unique_ptr<RedisServer> redis_;
  std::unique_ptr<CertificateAuthority> authority_;
  std::unique_ptr<process::ChildProcess> admin_;
  std::string endpoint_;
};

TEST_F(AdminTlsTest, TheCertificateSaysWhoOneIsAndWhatOneMayDo) {
  StartAdmin();
  const CliResult look = As("viewer", {"service", "list"});
  EXPECT_EQ(look.exit_code, 0) << look.output;
  EXPECT_THAT(look.output, HasSubstr("cohort-admin"));
  const CliResult act = As("viewer", {"service", "log-level", "cohort-admin", "WARNING"});
  EXPECT_EQ(act.exit_code, 1);
  EXPECT_THAT(act.output, HasSubstr("vera is a viewer; this needs the role operator [ROLE_MISSING]"));
  const CliResult allowed = As("operator", {"service", "log-level", "cohort-admin", "WARNING"});
  EXPECT_EQ(allowed.exit_code, 0) << allowed.output;
  EXPECT_THAT(As("operator", {"events", "-o", "json"}).output, HasSubstr("olga"));

  authority_->Issue("nobody", "/CN=nobody");
  const CliResult unknown = As("nobody", {"service", "list"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_THAT(unknown.output, HasSubstr("the certificate of 'nobody' names no role"));
}

TEST_F(AdminTlsTest, NothingOnItsPortPassesByTheRoles) {
  StartAdmin();
  const auto credentials = rpc::ClientTls({Path("viewer.pem"), Path("viewer.key"), Path("ca.pem")});
  ASSERT_OK(credentials);
  const auto channel = rpc::Connect(endpoint_, *credentials);
  const auto status_of = [&](const char* method) {
    grpc::ClientContext context;
    rpc::SetDeadline(context, absl::Now() + absl::Seconds(20));
    common::v1::SetLogLevelRequest request;
    common::v1::SetLogLevelResponse response;
    const grpc::internal::RpcMethod call(method, grpc::internal::RpcMethod::NORMAL_RPC, channel);
    return grpc::internal::BlockingUnaryCall<common::v1::SetLogLevelRequest, common::v1::SetLogLevelResponse>(channel.get(), call, &context, request, &response)
        .error_code();
  };
  EXPECT_EQ(status_of("/cohort.common.v1.LogService/SetLogLevel"), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(status_of("/grpc.channelz.v1.Channelz/GetServers"), grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(AdminTlsTest, WhoCannotBeTrustedIsToldWhy) {
  StartAdmin();
  const CliResult plaintext = RunCli({"service", "list", "--endpoint", endpoint_});
  EXPECT_EQ(plaintext.exit_code, 5);
  EXPECT_THAT(plaintext.output, HasSubstr("--tls-ca"));

  authority_->Issue("late", "/O=cohort:operator/CN=late", 0);
  absl::SleepFor(absl::Milliseconds(1100));
  const CliResult expired = As("late", {"service", "list"});
  EXPECT_EQ(expired.exit_code, 2);
  EXPECT_THAT(expired.output, HasSubstr("late.pem: the certificate expired at"));

  ASSERT_OK(io::WriteFileAtomically(Path("mixed.key"), *io::ReadFile(Path("viewer.key"))));
  ASSERT_OK(io::WriteFileAtomically(Path("mixed.pem"), *io::ReadFile(Path("operator.pem"))));
  EXPECT_THAT(As("mixed", {"service", "list"}).output, HasSubstr("mixed.key: the key is not that of the certificate"));

  // One that a stranger has signed does not come through the handshake.
  CertificateAuthority stranger(Path("elsewhere"));
  stranger.Issue("mallory", "/O=cohort:operator/CN=mallory");
  const CliResult refused = RunCli({"service", "list", "--endpoint", endpoint_, "--tls-ca", Path("ca.pem"), "--tls-cert", stranger.path("mallory.pem"), "--tls-key",
                                    stranger.path("mallory.key")});
  EXPECT_EQ(refused.exit_code, 5) << refused.output;
}

TEST_F(AdminTlsTest, ARenewedCertificateIsTakenUpWithoutARestart) {
  StartAdmin();
  const std::string shown = absl::StrCat("openssl s_client -connect ", endpoint_, " -cert ", Path("viewer.pem"), " -key ", Path("viewer.key"),
                                         " </dev/null 2>/dev/null | grep -q 'subject=CN = renewed'");
  ASSERT_NE(std::system(shown.c_str()), 0);
  authority_->Issue("server", "/CN=renewed");
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  while (std::system(shown.c_str()) != 0 && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(100));
  EXPECT_EQ(std::system(shown.c_str()), 0);
  EXPECT_EQ(As("viewer", {"service", "list"}).exit_code, 0);
}

TEST_F(AdminTlsTest, AServerThatCouldNotServeSaysSoAtItsStart) {
  const auto refuses = [&](const std::vector<std::string>& flags, const std::string& why) {
    auto started = process::ChildProcess::Start(Command(flags));
    ASSERT_OK(started);
    EXPECT_THAT((*started)->Wait(absl::Now() + absl::Seconds(30)), IsOkAndHolds(2));
    EXPECT_THAT(io::ReadFile(Path("admin.log")).value_or(""), HasSubstr(why));
  };
  refuses({"--tls-cert", Path("server.pem")}, "a certificate and its key go together");
  refuses({"--tls-ca", Path("ca.pem")}, "a server needs a certificate and its key");
  refuses({"--tls-cert", Path("server.pem"), "--tls-key", Path("viewer.key")}, "viewer.key: the key is not that of the certificate");
  refuses({"--listen", "0.0.0.0:0", "--tls-cert", Path("server.pem"), "--tls-key", Path("server.key")}, "everybody who reaches it would be an operator");
  refuses({"--tls-cert", Path("names"), "--tls-key", Path("server.key")}, "names: holds no PEM certificate");
}

TEST_F(AdminTlsTest, AContextNamesAConnection) {
  StartAdmin();
  EXPECT_EQ(RunCli({"context", "use", "lab"}).exit_code, 3);
  const CliResult set = RunCli({"context", "set", "lab", "--endpoint", endpoint_, "--tls-ca", Path("ca.pem"), "--tls-cert", Path("viewer.pem"), "--tls-key", Path("viewer.key")});
  ASSERT_EQ(set.exit_code, 0) << set.output;
  ASSERT_EQ(RunCli({"context", "set", "other", "--endpoint", "127.0.0.1:1"}).exit_code, 0);
  EXPECT_EQ(RunCli({"service", "list"}).exit_code, 0);  // The first is the current one.
  EXPECT_EQ(RunCli({"service", "list", "--context", "other"}).exit_code, 5);
  ASSERT_EQ(RunCli({"context", "use", "other"}).exit_code, 0);
  EXPECT_EQ(RunCli({"service", "list"}).exit_code, 5);
  EXPECT_EQ(RunCli({"service", "list", "--context", "lab"}).exit_code, 0);
  ASSERT_EQ(RunCli({"context", "delete", "lab"}).exit_code, 0);
  const CliResult gone = RunCli({"service", "list", "--context", "lab"});
  EXPECT_EQ(gone.exit_code, 3);
  EXPECT_THAT(gone.output, HasSubstr("there is no context 'lab'"));
}

}  // namespace
}  // namespace cohort::testing

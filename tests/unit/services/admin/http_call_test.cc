#include "services/admin/http/http_call.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/metrics/metrics.h"
#include "common/process/child_process.h"
#include "common/process/free_port.h"
#include "common/testing/certificate_authority.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::admin {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::CertificateAuthority;
using testing::IsOkAndHolds;
using testing::StatusIs;
using testing::TempDir;

absl::Time Soon() { return absl::Now() + absl::Seconds(20); }

class HttpCallTest : public ::testing::Test {
 protected:
  void SetUp() override {
    registry_.GetCounter("cohort_test_things_total", "Things.")->Add(3);
    const auto port = registry_.Serve("127.0.0.1:0");
    ASSERT_OK(port);
    address_ = absl::StrCat("127.0.0.1:", *port);
  }

  metrics::Registry registry_;
  std::string address_;
};

TEST_F(HttpCallTest, ABodyIsRead) { EXPECT_THAT(HttpGet(address_, "/metrics", Soon()), IsOkAndHolds(HasSubstr("cohort_test_things_total 3\n"))); }

TEST_F(HttpCallTest, AnyOtherCodeThan200IsAnErrorOfAGetAndAnAnswerOfACall) {
  EXPECT_THAT(HttpGet(address_, "/nothing", Soon()).status(), StatusIs(absl::StatusCode::kUnavailable, AllOf(HasSubstr(address_), HasSubstr("404"))));
  const auto answer = CallHttp({.url = absl::StrCat("http://", address_, "/nothing")}, Soon());
  ASSERT_OK(answer);
  EXPECT_EQ(answer->code, 404);
}

TEST_F(HttpCallTest, AnAnswerThatIsTooLongIsNotTaken) {
  EXPECT_THAT(CallHttp({.url = absl::StrCat("http://", address_, "/metrics"), .most_bytes = 10}, Soon()).status(),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("longer than 10 bytes")));
}

TEST_F(HttpCallTest, NobodyWhoListensIsNamed) {
  EXPECT_THAT(HttpGet("127.0.0.1:1", "/metrics", Soon()).status(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("127.0.0.1:1")));
}

TEST_F(HttpCallTest, AServerThatSaysNothingIsLeftAtTheDeadline) {
  const int silent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  ASSERT_EQ(bind(silent, reinterpret_cast<sockaddr*>(&address), length), 0);
  ASSERT_EQ(listen(silent, 1), 0);
  ASSERT_EQ(getsockname(silent, reinterpret_cast<sockaddr*>(&address), &length), 0);
  const absl::Status left = HttpGet(absl::StrCat("127.0.0.1:", ntohs(address.sin_port)), "/", absl::Now() + absl::Milliseconds(200)).status();
  EXPECT_THAT(left, StatusIs(absl::StatusCode::kDeadlineExceeded));
  close(silent);
}

// An HTTPS server (openssl) whose certificate is for `names`.
class HttpsServer {
 public:
  HttpsServer(CertificateAuthority& authority, const std::string& names) {
    authority.Issue("server", "/CN=server", 5, names);
    const auto port = process::PickFreePort();
    EXPECT_OK(port);
    url_ = absl::StrCat("https://127.0.0.1:", port.value_or(0), "/");
    process::ChildProcess::Options options;
    options.command = {"openssl", "s_server", "-accept", absl::StrCat("127.0.0.1:", port.value_or(0)), "-cert", authority.path("server.pem"),
                       "-key", authority.path("server.key"), "-www"};
    options.log_file = authority.path("server.log");
    auto started = process::ChildProcess::Start(std::move(options));
    EXPECT_OK(started);
    if (started.ok()) process_ = *std::move(started);
  }

  // What a GET ends with once somebody listens.
  absl::StatusOr<HttpResponse> Get(const std::string& ca_file) const {
    absl::StatusOr<HttpResponse> response = absl::UnavailableError("not asked");
    for (const absl::Time deadline = Soon(); absl::Now() < deadline; absl::SleepFor(absl::Milliseconds(20))) {
      response = CallHttp({.url = url_, .ca_file = ca_file, .token = "secret"}, deadline);
      if (response.ok() || !absl::StrContains(response.status().message(), "Couldn't connect")) break;
    }
    return response;
  }

 private:
  std::string url_;
  std::unique_ptr<process::ChildProcess> process_;
};

TEST_F(HttpCallTest, OnlyTheNamedAuthorityVouchesForAServer) {
  const TempDir directory;
  CertificateAuthority authority(directory / "authority"), stranger(directory / "stranger");
  const HttpsServer server(authority, "IP:127.0.0.1");
  const auto response = server.Get(authority.path("ca.pem"));
  ASSERT_OK(response);
  EXPECT_EQ(response->code, 200);
  EXPECT_THAT(server.Get(stranger.path("ca.pem")).status(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("certificate")));
}

TEST_F(HttpCallTest, AServerMustHaveTheNameThatIsCalled) {
  const TempDir directory;
  CertificateAuthority authority(directory / "authority");
  const HttpsServer server(authority, "DNS:elsewhere");
  EXPECT_THAT(server.Get(authority.path("ca.pem")).status(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("subject name")));
}

TEST_F(HttpCallTest, SecretsGoNowhereUnverifiedOrInTheClear) {
  EXPECT_THAT(CallHttp({.url = absl::StrCat("http://", address_, "/metrics"), .token = "secret"}, Soon()).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("without encryption")));
  EXPECT_THAT(CallHttp({.url = absl::StrCat("https://", address_, "/metrics")}, Soon()).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no authority")));
  EXPECT_THAT(CallHttp({.url = "file:///etc/passwd"}, Soon()).status(), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace cohort::admin

#include "common/rpc/service_tls.h"

#include <cstdlib>
#include <string>

#include "absl/time/clock.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "common/rpc/tls.h"
#include "common/testing/certificate_authority.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"

namespace cohort::rpc {
namespace {

using ::cohort::testing::StatusIs;

class ServiceTlsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    authority_.Issue("service", "/CN=learner", 5, "DNS:cohort,IP:127.0.0.1");
    setenv("COHORT_TLS_CERT", authority_.path("service.pem").c_str(), 1);
    setenv("COHORT_TLS_KEY", authority_.path("service.key").c_str(), 1);
    setenv("COHORT_TLS_CA", authority_.path("ca.pem").c_str(), 1);
  }
  void TearDown() override {
    for (const char* name : {"COHORT_TLS_CERT", "COHORT_TLS_KEY", "COHORT_TLS_CA", "COHORT_PROBE_LISTEN"}) unsetenv(name);
  }

  // Whether a caller with this certificate of the authority gets an answer.
  absl::Status CallAs(const std::string& name, const std::string& address, absl::Duration patience) {
    const auto credentials = ClientTls({.certificate = authority_.path(name + ".pem"), .key = authority_.path(name + ".key"), .ca = authority_.path("ca.pem")});
    EXPECT_OK(credentials);
    return WaitUntilReady(Connect(address, *credentials), address, "liveness", absl::Now() + patience);
  }

  testing::TempDir directory_;
  testing::CertificateAuthority authority_{directory_ / "authority"};
};

TEST_F(ServiceTlsTest, AServerThatBeginsAnewIsProbedAgain) {
  const std::string probes = "127.0.0.1:0";
  setenv("COHORT_PROBE_LISTEN", probes.c_str(), 1);
  for (int incarnation = 0; incarnation < 2; ++incarnation) {
    ASSERT_OK_AND_ASSIGN(const auto server, Server::Start({.address = "127.0.0.1:0"}));
    EXPECT_OK(CallAs("service", server->address(), absl::Seconds(20)));
  }
}

TEST_F(ServiceTlsTest, ACertificateOfAPersonMakesNoServiceOfThem) {
  authority_.Issue("ann", "/O=cohort:operator/CN=ann", 5, "DNS:ann");
  ASSERT_OK_AND_ASSIGN(const auto server, Server::Start({.address = "127.0.0.1:0"}));
  EXPECT_OK(CallAs("service", server->address(), absl::Seconds(20)));
  EXPECT_FALSE(CallAs("ann", server->address(), absl::Seconds(2)).ok());
}

TEST_F(ServiceTlsTest, WhatIsIncompleteIsTold) {
  unsetenv("COHORT_TLS_CA");
  EXPECT_THAT(CheckServiceTls(), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Server::Start({.address = "127.0.0.1:0"}).status(), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace cohort::rpc

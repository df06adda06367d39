#include "common/metrics/metrics.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::metrics {
namespace {

using ::cohort::testing::StatusIs;
using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// What a server on this port answers to GET `path`, headers included.
std::string HttpGet(int port, const std::string& path) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(static_cast<uint16_t>(port)), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  const timeval timeout = {.tv_sec = 10};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  std::string answer;
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
    const std::string request = absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(send(fd, request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
    char buffer[4096];
    for (ssize_t got = recv(fd, buffer, sizeof(buffer), 0); got > 0; got = recv(fd, buffer, sizeof(buffer), 0)) answer.append(buffer, got);
  }
  close(fd);
  return answer;
}

TEST(RegistryTest, ExposesEachKindInTheTextFormat) {
  Registry registry;
  registry.GetCounter("cohort_test_groups_total", "Groups.", {{"outcome", "ok"}})->Add(3);
  registry.GetGauge("cohort_test_depth", "Depth.")->Set(-1.5);
  registry.GetHistogram("cohort_test_latency_seconds", "Latency.", {0.1, 1})->Observe(0.5);
  const std::string text = registry.Expose();
  EXPECT_THAT(text, HasSubstr("# HELP cohort_test_groups_total Groups.\n# TYPE cohort_test_groups_total counter\n"));
  EXPECT_THAT(text, HasSubstr("cohort_test_groups_total{outcome=\"ok\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("cohort_test_depth -1.5\n"));
  EXPECT_THAT(text, HasSubstr("cohort_test_latency_seconds_bucket{le=\"0.1\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("cohort_test_latency_seconds_bucket{le=\"1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("cohort_test_latency_seconds_sum 0.5\n"));
}

TEST(RegistryTest, SameNameAndLabelsAreTheSameMetric) {
  Registry registry;
  Counter* const counter = registry.GetCounter("cohort_test_a_total", "A.", {{"k", "1"}});
  EXPECT_EQ(registry.GetCounter("cohort_test_a_total", "A.", {{"k", "1"}}), counter);
  EXPECT_NE(registry.GetCounter("cohort_test_a_total", "A.", {{"k", "2"}}), counter);
}

TEST(RegistryTest, HookRefreshesBeforeEveryExpositionUntilItIsDropped) {
  Registry registry;
  Gauge* const gauge = registry.GetGauge("cohort_test_reads", "Reads.");
  int reads = 0;
  auto hook = registry.OnCollect([&] { gauge->Set(++reads); });
  EXPECT_THAT(registry.Expose(), HasSubstr("cohort_test_reads 1\n"));
  EXPECT_THAT(registry.Expose(), HasSubstr("cohort_test_reads 2\n"));
  hook.reset();
  EXPECT_THAT(registry.Expose(), HasSubstr("cohort_test_reads 2\n"));
}

TEST(RegistryTest, ServesMetricsAndHealthOverHttp) {
  Registry registry;
  registry.GetCounter("cohort_test_served_total", "Served.")->Add();
  ASSERT_OK_AND_ASSIGN(const int port, registry.Serve("127.0.0.1:0"));
  const std::string metrics = HttpGet(port, "/metrics");
  EXPECT_THAT(metrics, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(metrics, HasSubstr("cohort_test_served_total 1\n"));
  EXPECT_THAT(HttpGet(port, "/healthz"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(HttpGet(port, "/other"), StartsWith("HTTP/1.1 404"));
}

TEST(RegistryTest, AddressInUseIsNamed) {
  Registry first, second;
  ASSERT_OK_AND_ASSIGN(const int port, first.Serve("127.0.0.1:0"));
  const std::string address = absl::StrCat("127.0.0.1:", port);
  EXPECT_THAT(second.Serve(address), StatusIs(absl::StatusCode::kUnavailable, HasSubstr(address)));
}

TEST(RegistryTest, SecondServeIsRefused) {
  Registry registry;
  ASSERT_OK(registry.Serve("127.0.0.1:0"));
  EXPECT_THAT(registry.Serve("127.0.0.1:0"), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(RegistryDeathTest, NameOfAnotherKindOfMetricEndsTheProcess) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  Registry registry;
  registry.GetGauge("cohort_test_kind", "Kind.");
  EXPECT_DEATH(registry.GetCounter("cohort_test_kind", "Kind."), "cohort_test_kind");
}

TEST(DecadeBucketsTest, StepsByOneTwoFiveWithinTheBounds) {
  EXPECT_THAT(DecadeBuckets(0.1, 2), ElementsAre(DoubleEq(0.1), DoubleEq(0.2), DoubleEq(0.5), DoubleEq(1), DoubleEq(2)));
  EXPECT_THAT(DecadeBuckets(3, 60), ElementsAre(5, 10, 20, 50));
}

}  // namespace
}  // namespace cohort::metrics

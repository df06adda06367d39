// A run whose services speak mutual TLS with each other: who is refused, and certificates that are renewed while it trains.
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/io/files.h"
#include "common/process/child_process.h"
#include "common/process/free_port.h"
#include "common/rpc/client.h"
#include "common/rpc/tls.h"
#include "common/testing/certificate_authority.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/impl/codegen/client_unary_call.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "nlohmann/json.hpp"
#include "proto/cohort/common/v1/health.pb.h"
#include "tests/integration/e2e/training_run.h"

namespace cohort::testing {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr int kGroupsPerStep = 8;  // Prompts per step of short.yaml.
// The name of every service; the address is for this test's own clients, which look at it.
constexpr char kNames[] = "DNS:cohort,IP:127.0.0.1";

absl::Time Within(int seconds) { return absl::Now() + absl::Seconds(seconds); }

class ServiceTlsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    authority_.Issue("service", "/CN=first", 5, kNames);
    Use("service");
  }
  void TearDown() override {
    for (const char* name : {"CERT", "KEY", "CA"}) unsetenv(absl::StrCat("COHORT_TLS_", name).c_str());
    unsetenv("COHORT_PROBE_LISTEN");
  }

  // The environment of what is started from now on.
  void Use(const std::string& name) {
    setenv("COHORT_TLS_CERT", authority_.path(name + ".pem").c_str(), 1);
    setenv("COHORT_TLS_KEY", authority_.path(name + ".key").c_str(), 1);
    setenv("COHORT_TLS_CA", authority_.path("ca.pem").c_str(), 1);
  }

  static std::string AddressOf(const TrainingRun& run, const std::string& service) {
    const auto file = io::ReadFile(run.Path("launch/" + service + ".json"));
    EXPECT_OK(file);
    return file.ok() ? std::string(nlohmann::json::parse(*file)["grpc"]) : "";
  }

  // Whether a client with these credentials gets an answer by then.
  static absl::Status Ask(const std::string& address, const std::shared_ptr<grpc::ChannelCredentials>& credentials, absl::Time deadline) {
    return rpc::WaitUntilReady(rpc::Connect(address, credentials), address, "liveness", deadline);
  }
  // An end that is not accepted sees a connection that ends; on a busy machine perhaps not before the deadline.
  static void ExpectRefused(const absl::Status& status, const std::string& who) {
    EXPECT_TRUE(absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status)) << who << ": " << status;
  }

  // A command whose standard output holds the subject of the certificate that the server shows.
  std::string SubjectAt(const std::string& address) const {
    const std::string out = directory_ / "subject";
    std::system(absl::StrCat("openssl s_client -connect ", address, " -cert ", authority_.path("service.pem"), " -key ", authority_.path("service.key"),
                             " </dev/null 2>/dev/null | grep -a subject= >", out)
                    .c_str());
    return io::ReadFile(out).value_or("");
  }

  const TempDir directory_;
  CertificateAuthority authority_{directory_ / "authority"};
};

TEST_F(ServiceTlsTest, ARunWithRenewedCertificatesLosesNothingAndStrangersAreRefused) {
  TrainingRun run({"run.steps=100000", "optimizer.data_parallel=2"});  // Until it is interrupted.
  ASSERT_OK(run.Start({"--no-eval"}));
  ASSERT_OK(run.WaitForSteps(2, Within(120)));

  CertificateAuthority stranger(directory_ / "stranger");
  stranger.Issue("mallory", "/CN=mallory", 5, kNames);
  authority_.Issue("late", "/CN=late", 0, kNames);
  absl::SleepFor(absl::Milliseconds(1100));
  const auto files = [&](const CertificateAuthority& of, const std::string& name) {
    return rpc::TlsFiles{of.path(name + ".pem"), of.path(name + ".key"), authority_.path("ca.pem")};
  };
  EXPECT_THAT(rpc::ClientTls(files(authority_, "late")), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("late.pem: the certificate expired at")));
  const std::map<std::string, std::shared_ptr<grpc::ChannelCredentials>> strangers = {
      {"plaintext", grpc::InsecureChannelCredentials()},
      {"without a certificate", *rpc::ClientTls({.ca = authority_.path("ca.pem")})},
      {"of another authority", *rpc::ClientTls(files(stranger, "mallory"))},
      {"expired", rpc::WatchedClientTls(files(authority_, "late"))}};
  for (const char* service : {"cohort-learner", "cohort-follower-1", "cohort-rollout-0", "cohort-reward", "cohort-admin"}) {
    const std::string address = AddressOf(run, service);
    EXPECT_OK(Ask(address, *rpc::ClientTls(files(authority_, "service")), Within(30))) << service;
    for (const auto& [who, credentials] : strangers) ExpectRefused(Ask(address, credentials, Within(3)), absl::StrCat(service, " ", who));
  }

  authority_.Issue("service", "/CN=renewed", 5, kNames);
  const std::string learner = AddressOf(run, "cohort-learner");
  for (const absl::Time deadline = Within(30); SubjectAt(learner).find("renewed") == std::string::npos && absl::Now() < deadline;) {
    absl::SleepFor(absl::Milliseconds(100));
  }
  EXPECT_THAT(SubjectAt(learner), HasSubstr("renewed"));
  // Its successor and all who connect to it anew have the renewed one alone.
  ASSERT_OK(run.KillChildren("cohort-rollout"));
  ASSERT_OK(run.KillChildren("cohort-reward"));
  const int seen = static_cast<int>(run.StepLines().size());
  ASSERT_OK(run.WaitForSteps(seen + 10, Within(180))) << run.Output();
  run.launcher().Signal(SIGINT);
  ASSERT_OK(run.Wait(Within(120)));
  const size_t groups = run.StepLines().size() * kGroupsPerStep;
  std::map<std::string, int> times;
  ASSERT_OK_AND_ASSIGN(const std::string ledger, io::ReadFile(run.Path("ledger.jsonl")));
  for (const auto line : absl::StrSplit(ledger, '\n', absl::SkipEmpty())) ++times[nlohmann::json::parse(std::string(line))["group_id"]];
  EXPECT_THAT(times, AllOf(SizeIs(groups), Each(Pair(::testing::_, 1)))) << "groups of " << run.StepLines().size() << " steps";
}

// The real reward service in the environment as it is.
class RewardProcess {
 public:
  explicit RewardProcess(const std::string& endpoint_file) : endpoint_file_(endpoint_file) {
    unlink(endpoint_file.c_str());
    process::ChildProcess::Options options;
    options.command = {absl::StrCat(getenv("COHORT_BIN"), "/cohort-reward"), "--sandbox-workers", "1", "--endpoint-file", endpoint_file};
    options.log_file = endpoint_file + ".log";
    auto started = process::ChildProcess::Start(std::move(options));
    EXPECT_OK(started);
    if (started.ok()) process_ = *std::move(started);
  }
  std::string Address() const {
    for (const absl::Time deadline = Within(60); !io::ReadFile(endpoint_file_).ok() && absl::Now() < deadline;) absl::SleepFor(absl::Milliseconds(20));
    return nlohmann::json::parse(io::ReadFile(endpoint_file_).value_or("{\"grpc\": \"\"}"))["grpc"];
  }

 private:
  const std::string endpoint_file_;
  std::unique_ptr<process::ChildProcess> process_;
};

// What a plaintext call of `method` ends with; the message means nothing to it.
grpc::StatusCode PlaintextCall(const std::string& address, const char* method) {
  const auto channel = rpc::Connect(address, grpc::InsecureChannelCredentials());
  const grpc::internal::RpcMethod call(method, grpc::internal::RpcMethod::NORMAL_RPC, channel);
  grpc::ClientContext context;
  rpc::SetDeadline(context, Within(20));
  common::v1::HealthProbe request;
  common::v1::HealthState response;
  return grpc::internal::BlockingUnaryCall<common::v1::HealthProbe, common::v1::HealthState>(channel.get(), call, &context, request, &response).error_code();
}

TEST_F(ServiceTlsTest, ProbesFindHealthAndNothingElseInPlaintext) {
  ASSERT_OK_AND_ASSIGN(const int port, process::PickFreePort());
  const std::string probes = absl::StrCat("127.0.0.1:", port);
  setenv("COHORT_PROBE_LISTEN", probes.c_str(), 1);
  const RewardProcess reward(directory_ / "reward.json");
  ASSERT_NE(reward.Address(), "");
  for (const char* service : {"", "liveness", "readiness"}) {
    EXPECT_OK(rpc::WaitUntilReady(rpc::Connect(probes, grpc::InsecureChannelCredentials()), probes, service, Within(30))) << service;
  }
  for (const char* method : {"/cohort.reward.v1.RewardService/Score", "/cohort.common.v1.LogService/SetLogLevel", "/grpc.channelz.v1.Channelz/GetServers",
                             "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"}) {
    EXPECT_EQ(PlaintextCall(probes, method), grpc::StatusCode::UNIMPLEMENTED) << method;
  }
}

TEST_F(ServiceTlsTest, ClientsAskForTheNameOfTheServicesWhateverTheAddress) {
  authority_.Issue("service", "/CN=service", 5, "DNS:cohort");
  const RewardProcess reward(directory_ / "reward.json");
  EXPECT_OK(rpc::WaitUntilReady(rpc::Connect(reward.Address()), "reward", "readiness", Within(30)));

  authority_.Issue("other", "/CN=other", 5, "IP:127.0.0.1");
  Use("other");
  const RewardProcess other(directory_ / "other.json");
  ASSERT_NE(other.Address(), "");
  // The deadline may cut the last attempt off, then the next call tells.
  absl::Status told;
  for (const absl::Time deadline = Within(30); !absl::IsUnavailable(told) && absl::Now() < deadline;) {
    told = rpc::WaitUntilReady(rpc::Connect(other.Address()), "reward", "readiness", Within(3));
    ASSERT_FALSE(told.ok());
  }
  EXPECT_THAT(told, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("must name 'cohort'")));
}

TEST_F(ServiceTlsTest, FilesThatCannotBeUsedAreToldBeforeAnythingStarts) {
  const auto refuses = [](const std::string& why) {
    TrainingRun run;
    ASSERT_OK(run.Start());
    EXPECT_THAT(run.Wait(Within(60)), IsOkAndHolds(2));
    EXPECT_THAT(run.Output(), HasSubstr(why));
  };
  authority_.Issue("late", "/CN=late", 0, kNames);
  absl::SleepFor(absl::Milliseconds(1100));
  Use("late");
  refuses("late.pem: the certificate expired at");
  Use("service");
  unsetenv("COHORT_TLS_KEY");
  refuses("COHORT_TLS_CERT, COHORT_TLS_KEY and COHORT_TLS_CA go together");
}

}  // namespace
}  // namespace cohort::testing

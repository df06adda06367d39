// A run over a Redis server that asks for a user's password and for a certificate, speaks TLS, ends in the middle and comes back with another password.
#include <cstdlib>
#include <filesystem>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/io/files.h"
#include "common/testing/certificate_authority.h"
#include "common/testing/redis_server.h"
#include "common/testing/status_matchers.h"
#include "nlohmann/json.hpp"
#include "tests/integration/e2e/training_run.h"

namespace cohort::testing {
namespace {

namespace fs = std::filesystem;

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr int kGroups = 10 * 8;  // Steps and prompts per step of short.yaml.

absl::Time Within(int seconds) { return absl::Now() + absl::Seconds(seconds); }

class SecureRedisTest : public ::testing::Test {
 protected:
  void SetUp() override {
    authority_.Issue("server", "/CN=redis");
    authority_.Issue("client", "/CN=cohort");
    SetPassword("first-secret");
    ASSERT_OK_AND_ASSIGN(redis_, RedisServer::Start({.append_only = true,
                                                     .arguments = {"--aclfile", directory_ / "users.acl"},
                                                     .tls = {authority_.path("server.pem"), authority_.path("server.key"), authority_.path("ca.pem")}}));
    WriteFile("password", "first-secret\n");
    setenv("COHORT_REDIS_USER", "cohort", 1);
    setenv("COHORT_REDIS_PASSWORD_FILE", (directory_ / "password").c_str(), 1);
    setenv("COHORT_REDIS_CA", authority_.path("ca.pem").c_str(), 1);
    setenv("COHORT_REDIS_CERT", authority_.path("client.pem").c_str(), 1);
    setenv("COHORT_REDIS_KEY", authority_.path("client.key").c_str(), 1);
  }
  void TearDown() override {
    for (const char* name : {"USER", "PASSWORD_FILE", "CA", "CERT", "KEY"}) unsetenv(absl::StrCat("COHORT_REDIS_", name).c_str());
  }

  void WriteFile(const std::string& name, const std::string& text) { ASSERT_OK(io::WriteFileAtomically(directory_ / name, text)); }
  // Of the user that common/redis/README.md shows.
  void SetPassword(const std::string& password) {
    WriteFile("users.acl", absl::StrCat("user default off\nuser cohort on >", password, " ~cohort:* -@all +@read +@write +@scripting +@connection -@dangerous +info +time\n"));
  }

  const TempDir directory_;
  CertificateAuthority authority_{directory_ / "authority"};
  std::unique_ptr<RedisServer> redis_;
};

// Command lines of the run's processes and everything in its directory: neither may hold a password.
void ExpectNoSecretIn(const TrainingRun& run) {
  for (const auto& [program, pids] : run.Children()) {
    for (const pid_t pid : pids) EXPECT_FALSE(absl::StrContains(io::ReadFile(absl::StrCat("/proc/", pid, "/cmdline")).value_or(""), "-secret")) << program;
  }
  for (const auto& entry : fs::recursive_directory_iterator(run.Path(""))) {
    if (!entry.is_regular_file()) continue;
    EXPECT_FALSE(absl::StrContains(io::ReadFile(entry.path()).value_or(""), "-secret")) << entry.path();
  }
  EXPECT_FALSE(absl::StrContains(run.Output(), "-secret"));
}

TEST_F(SecureRedisTest, ARunSurvivesARestartAndAChangeOfThePassword) {
  TrainingRun run({absl::StrCat("queue.redis_address=", redis_->tls_address())});
  ASSERT_OK(run.Start({"--no-eval"}));
  ASSERT_OK(run.WaitForSteps(2, Within(120)));
  ExpectNoSecretIn(run);
  redis_->Kill();
  ASSERT_OK(redis_->Restart());
  ASSERT_OK(run.WaitForSteps(4, Within(120)));

  // The file comes after the server: in between everybody is refused.
  redis_->Kill();
  SetPassword("second-secret");
  ASSERT_OK(redis_->Restart());
  absl::SleepFor(absl::Seconds(3));
  WriteFile("password", "second-secret\n");
  ASSERT_THAT(run.Wait(Within(180)), IsOkAndHolds(0)) << run.Output();
  ExpectNoSecretIn(run);

  std::map<std::string, int> times;
  ASSERT_OK_AND_ASSIGN(const std::string ledger, io::ReadFile(run.Path("ledger.jsonl")));
  for (const auto line : absl::StrSplit(ledger, '\n', absl::SkipEmpty())) ++times[nlohmann::json::parse(std::string(line))["group_id"]];
  EXPECT_THAT(times, AllOf(SizeIs(kGroups), Each(Pair(::testing::_, 1))));
}

TEST_F(SecureRedisTest, ARunThatIsNotLetInSaysWhyBeforeAnythingStarts) {
  WriteFile("password", "wrong-secret\n");
  TrainingRun run({absl::StrCat("queue.redis_address=", redis_->tls_address())});
  ASSERT_OK(run.Start());
  EXPECT_THAT(run.Wait(Within(60)), IsOkAndHolds(1));
  EXPECT_THAT(run.Output(), AllOf(HasSubstr(redis_->tls_address()), HasSubstr(directory_ / "password"), HasSubstr("user 'cohort'")));
  ExpectNoSecretIn(run);
}

TEST_F(SecureRedisTest, APrivateServerIsNotToldThePasswordOfAnotherOne) {
  TrainingRun run({"run.steps=1"});
  ASSERT_OK(run.Start({"--no-eval"}));
  EXPECT_THAT(run.Wait(Within(120)), IsOkAndHolds(0)) << run.Output();
}

}  // namespace
}  // namespace cohort::testing

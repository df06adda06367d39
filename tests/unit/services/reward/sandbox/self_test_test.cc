// Each test forks its own zygote, before it has any thread.
#include "services/reward/sandbox/self_test.h"

#include <sys/wait.h>

#include <string>

#include "absl/time/clock.h"
#include "common/status/status_macros.h"
#include "common/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "services/reward/sandbox/worker_process.h"
#include "services/reward/sandbox/worker_zygote.h"

namespace cohort::reward {
namespace {

using cohort::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr absl::Duration kDeadline = absl::Milliseconds(20);

absl::StatusOr<SelfTestReport> SelfTestWith(LockdownOptions options) {
  COHORT_ASSIGN_OR_RETURN(const auto zygote, ForkZygote({options, Faults()}));
  return RunSelfTest(*zygote, kDeadline);
}

class SelfTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (IsSanitizerBuild()) GTEST_SKIP() << "a sanitizer's runtime needs what the sandbox forbids";
  }
};

TEST_F(SelfTest, EveryProbeIsStoppedAndSaysHow) {
  ASSERT_OK_AND_ASSIGN(const SelfTestReport report, SelfTestWith({}));
  EXPECT_OK(report.status());
  EXPECT_GE(report.level, SandboxLevel::kSeccompOnly);
  ASSERT_EQ(report.probes.size(), std::size(kAllProbes));
  for (const ProbeResult& result : report.probes) {
    EXPECT_TRUE(result.stopped) << ToString(result.probe);
    if (result.probe == Probe::kSpin) {
      EXPECT_THAT(result.how, HasSubstr("signal 9"));
    } else if (result.probe == Probe::kAllocate) {
      EXPECT_THAT(result.how, HasSubstr("refused"));
    } else {
      EXPECT_THAT(result.how, HasSubstr("signal 31")) << ToString(result.probe);
    }
  }
}

TEST_F(SelfTest, AMissingSyscallFilterIsNoticed) {
  ASSERT_OK_AND_ASSIGN(const SelfTestReport report, SelfTestWith({.seccomp = false, .landlock = false}));
  const absl::Status status = report.status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("could open a file")));
  EXPECT_THAT(std::string(status.message()), HasSubstr("could open a socket"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("could map executable memory"));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("1 GiB")));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("spin")));
}

TEST_F(SelfTest, AMissingMemoryLimitIsNoticed) {
  ASSERT_OK_AND_ASSIGN(const SelfTestReport report, SelfTestWith({.rlimits = false}));
  EXPECT_THAT(report.status(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("could allocate 1 GiB")));
}

TEST_F(SelfTest, LandlockAloneRefusesFilesWhereTheKernelHasIt) {
  ASSERT_OK_AND_ASSIGN(const SelfTestReport report, SelfTestWith({.seccomp = false}));
  if (report.landlock_abi == 0) GTEST_SKIP() << "no Landlock in this kernel";
  EXPECT_THAT(report.probes[0].how, HasSubstr("refused"));
}

TEST(ZygoteTest, TellsHowAChildEndedAndOnlyOnce) {
  ASSERT_OK_AND_ASSIGN(const auto zygote, ForkZygote({}));
  ASSERT_OK_AND_ASSIGN(const auto worker, WorkerProcess::Start(*zygote, kWorkerTask, absl::Now() + absl::Seconds(10)));
  EXPECT_THAT(worker->WaitStatus(absl::Now()), StatusIs(absl::StatusCode::kDeadlineExceeded));
  worker->Kill();
  ASSERT_OK_AND_ASSIGN(const int status, worker->WaitStatus(absl::Now() + absl::Seconds(10)));
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

TEST(ZygoteTest, WithoutItsZygoteNothingCanBeStarted) {
  ASSERT_OK_AND_ASSIGN(const auto zygote, ForkZygote({}));
  kill(zygote->pid(), SIGKILL);
  EXPECT_THAT(WorkerProcess::Start(*zygote, kWorkerTask, absl::Now() + absl::Seconds(5)).status(), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace cohort::reward

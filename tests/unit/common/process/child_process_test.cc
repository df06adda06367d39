#include "common/process/child_process.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"

namespace cohort::process {
namespace {

using ::cohort::testing::IsOkAndHolds;
using ::cohort::testing::StatusIs;
using ::cohort::testing::TempDir;
using ::testing::HasSubstr;

absl::Time Soon() { return absl::Now() + absl::Seconds(10); }

std::unique_ptr<ChildProcess> Shell(const std::string& script, ChildProcess::Options options = {}) {
  options.command = {"/bin/sh", "-c", script};
  auto child = ChildProcess::Start(std::move(options));
  EXPECT_OK(child);
  return *std::move(child);
}

bool Gone(pid_t pid) {
  for (const absl::Time deadline = Soon(); absl::Now() < deadline; absl::SleepFor(absl::Milliseconds(5))) {
    if (kill(pid, 0) != 0) return true;
    auto state = io::ReadFile(absl::StrCat("/proc/", pid, "/stat"));
    if (!state.ok() || state->find(") Z") != std::string::npos) return true;
  }
  return false;
}

TEST(ChildProcessTest, TellsTheExitCodeAndTheSignal) {
  EXPECT_THAT(Shell("exit 7")->Wait(Soon()), IsOkAndHolds(7));
  EXPECT_THAT(Shell("kill -9 $$")->Wait(Soon()), IsOkAndHolds(128 + SIGKILL));
}

TEST(ChildProcessTest, AppendsItsOutputToTheLogAndSeesTheAddedEnvironment) {
  TempDir directory;
  for (int i = 0; i < 2; ++i) {
    auto child = Shell("echo $GREETING; echo oops >&2", {.environment = {{"GREETING", "hello"}}, .log_file = directory / "log"});
    ASSERT_THAT(child->Wait(Soon()), IsOkAndHolds(0));
  }
  EXPECT_THAT(io::ReadFile(directory / "log"), IsOkAndHolds("hello\noops\nhello\noops\n"));
}

TEST(ChildProcessTest, AMissingProgramIsAnErrorThatNamesIt) {
  EXPECT_THAT(ChildProcess::Start({.command = {"/no/such/program"}}), StatusIs(absl::StatusCode::kNotFound, HasSubstr("/no/such/program")));
}

TEST(ChildProcessTest, WaitGivesUpAtItsDeadlineAndStopEndsEvenOneThatIgnoresSigterm) {
  TempDir directory;
  auto child = Shell(absl::StrCat("trap '' TERM; touch ", directory / "ready", "; while :; do sleep 0.05; done"));
  while (!std::filesystem::exists(directory / "ready")) absl::SleepFor(absl::Milliseconds(5));
  EXPECT_THAT(child->Wait(absl::Now() + absl::Milliseconds(20)), StatusIs(absl::StatusCode::kDeadlineExceeded));
  child->Stop(absl::Now() + absl::Milliseconds(50));
  EXPECT_EQ(child->exit_code(), 128 + SIGKILL);
}

TEST(ChildProcessTest, DiesWithItsParent) {
  TempDir directory;
  const pid_t parent = fork();
  if (parent == 0) {
    auto child = ChildProcess::Start({.command = {"/bin/sleep", "60"}});
    io::WriteFileAtomically(directory / "pid", absl::StrCat((*child)->pid())).IgnoreError();
    pause();
  }
  while (!std::filesystem::exists(directory / "pid")) absl::SleepFor(absl::Milliseconds(5));
  ASSERT_OK_AND_ASSIGN(const std::string text, io::ReadFile(directory / "pid"));
  pid_t grandchild = 0;
  ASSERT_TRUE(absl::SimpleAtoi(text, &grandchild));
  kill(parent, SIGKILL);
  waitpid(parent, nullptr, 0);
  EXPECT_TRUE(Gone(grandchild));
}

}  // namespace
}  // namespace cohort::process

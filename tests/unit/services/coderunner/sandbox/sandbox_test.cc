// What one process in the sandbox can and cannot do, caused for real.
#include "services/coderunner/sandbox/sandbox.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/sandbox/landlock.h"
#include "common/sync/thread.h"
#include "gmock/gmock.h"
#include "tests/unit/services/coderunner/sandbox_fixture.h"

namespace cohort::coderunner {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SandboxTest : public SandboxFixture {
 protected:
  void SetUp() override {
    setenv("COHORT_SECRET", "hidden", 1);  // Before the zygote is forked, so that it has something to keep to itself.
    SandboxFixture::SetUp();
  }

  RunOutcome Python(const std::string& source, Limits limits = {}, const std::string& input = "") {
    const Recipe recipe = ProgramRecipe(Language::kPython3, toolchain_, source);
    EXPECT_OK(workspace_->Fill(0, recipe.files));
    Command command;
    command.argv = recipe.run;
    command.directory = workspace_->SlotDirectory(0);
    command.limits = limits;
    command.input = input;
    return sandbox_->Run(0, command, stop_.token());
  }

  sync::StopSource stop_;
};

std::vector<pid_t> Descendants(pid_t pid) {
  std::vector<pid_t> found;
  std::ifstream file(absl::StrCat("/proc/", pid, "/task/", pid, "/children"));
  for (pid_t child; file >> child;) {
    found.push_back(child);
    for (const pid_t below : Descendants(child)) found.push_back(below);
  }
  return found;
}

TEST_P(SandboxTest, PassesItsSelfTest) {
  prctl(PR_SET_DUMPABLE, 0);  // As the service does.
  const SelfTestReport report = RunSelfTest(*sandbox_, *workspace_, toolchain_, {});
  const bool view_holds = sandbox::LandlockAbi() > 0 || GetParam() == Walls::kNamespaces;
  EXPECT_OK(report.status(/*excuse=*/!view_holds));
  EXPECT_EQ(report.probes.size(), 13u);
}

TEST_P(SandboxTest, NoRuntimeMakesUpForReadingTheSecretsOfTheService) {
  const auto excusable = [this] {
    std::vector<std::string> attempts;
    for (const ProbeResult& probe : RunSelfTest(*sandbox_, *workspace_, toolchain_, {}).probes) {
      if (probe.excusable) attempts.push_back(probe.attempt);
    }
    return attempts;
  };
  EXPECT_THAT(excusable(), ElementsAre("read what is not in its view", "write a file"));
  setenv("COHORT_TLS_KEY", "/etc/cohort-tls/tls.key", 1);
  EXPECT_THAT(excusable(), ElementsAre("write a file"));
  unsetenv("COHORT_TLS_KEY");
}

TEST(SelfTestReportTest, NamesWhatIsNotAsItShouldBeUnlessItIsExcused) {
  SelfTestReport report;
  report.probes = {{"open a socket", true, "refused"}, {"read files", false, "worked", /*excusable=*/true}};
  EXPECT_THAT(std::string(report.status().message()), HasSubstr("to read files: worked"));
  EXPECT_OK(report.status(/*excuse=*/true));
  report.probes.push_back({"fork", false, "worked"});
  EXPECT_THAT(std::string(report.status(/*excuse=*/true).message()), HasSubstr("to fork: worked"));
}

TEST_P(SandboxTest, GivesInputAndTakesOutput) {
  const RunOutcome outcome = Python("import sys\nprint(sys.stdin.read().upper())\nprint('oops', file=sys.stderr)\nsys.exit(3)", {}, "größe\n");
  EXPECT_EQ(outcome.end, End::kExited) << outcome.message;
  EXPECT_EQ(outcome.code, 3);
  EXPECT_EQ(outcome.output, "GRÖSSE\n\n");
  EXPECT_EQ(outcome.errors, "oops\n");
  EXPECT_GT(outcome.cpu, absl::ZeroDuration());
  EXPECT_GT(outcome.peak_bytes, 1 << 20);
}

TEST_P(SandboxTest, AnEnvironmentHoldsOnlyWhatMakesRunsEqual) {
  const RunOutcome outcome = Python("import os\nprint(*sorted(os.environ))\nprint(hash('a'))");
  EXPECT_THAT(outcome.output, ::testing::StartsWith("HOME LANG LC_ALL MALLOC_ARENA_MAX OMP_NUM_THREADS PATH PYTHONHASHSEED TMPDIR TZ\n"));
  EXPECT_EQ(outcome.output, Python("import os\nprint(*sorted(os.environ))\nprint(hash('a'))").output);
}

TEST_P(SandboxTest, NoDescriptorIsInherited) {
  const std::string probe = "import os\nopen_ones = []\nfor fd in range(64):\n  try:\n    os.fstat(fd); open_ones.append(fd)\n  except OSError: pass\nprint(open_ones)";
  EXPECT_EQ(Python(probe).output, "[0, 1, 2]\n");
}

TEST_P(SandboxTest, TheInputCannotBeChanged) {
  EXPECT_EQ(Python("import os\ntry:\n  os.pwrite(0, b'x', 0)\nexcept OSError: print('refused')", {}, "input").output, "refused\n");
}

TEST_P(SandboxTest, NothingCanBeSeenThatIsNotInItsView) {
  const std::string secret = workspace_->root() + "-secret";
  std::ofstream(secret) << "the expected output";
  const RunOutcome outcome = Python(absl::StrCat("import os\nfor path in ['", secret, "', '/etc/passwd', '/etc/shadow', '/proc/1/environ', '/proc/", getpid(),
                                                 "/maps']:\n  try:\n    print(open(path).read())\n  except OSError: pass\n"
                                                 "for path in ['/', '/proc', '/root', '/home', '/tmp', '..']:\n  try:\n    print(os.listdir(path))\n  except OSError: pass"));
  std::filesystem::remove(secret);
  EXPECT_THAT(outcome.output, ::testing::Not(HasSubstr("expected")));
  EXPECT_THAT(outcome.output, ::testing::Not(HasSubstr("root:")));
  if (GetParam() == Walls::kProcess) {
    EXPECT_EQ(outcome.output, "");
  }
}

TEST_P(SandboxTest, ThreadsAreTakenAndBounded) {
  EXPECT_EQ(Python("import threading\nthreading.stack_size(1 << 26)\nimport sys\nsys.setrecursionlimit(10**6)\n"
                   "def deep(n): return 0 if n == 0 else 1 + deep(n - 1)\n"
                   "t = threading.Thread(target=lambda: print(deep(20000)))\nt.start(); t.join()").output,
            "20000\n");
  const RunOutcome bomb = Python("import threading, time\nthreading.stack_size(32768)\nwhile True: threading.Thread(target=time.sleep, args=(100,), daemon=True).start()");
  EXPECT_EQ(bomb.end, End::kExited);
  EXPECT_THAT(bomb.errors, HasSubstr("can't start new thread"));
}

TEST_P(SandboxTest, LimitsCountThreadsTogether) {
  Limits limits;
  limits.cpu = absl::Milliseconds(300);
  limits.wall = absl::Seconds(30);
  const RunOutcome outcome = Python("import threading, hashlib\nblock = bytes(1 << 20)\ndef spin():\n  while True: hashlib.sha256(block)\nfor _ in range(4): threading.Thread(target=spin).start()", limits);
  EXPECT_EQ(outcome.end, End::kCpuLimit);
  EXPECT_GE(outcome.cpu, limits.cpu);
}

TEST_P(SandboxTest, ASignalThatIsCaughtOrIgnoredMovesNoLimit) {
  Limits limits;
  limits.cpu = absl::Milliseconds(200);
  limits.wall = absl::Seconds(30);
  EXPECT_EQ(Python("import signal\nfor s in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}: signal.signal(s, signal.SIG_IGN)\nwhile True: pass", limits).end, End::kCpuLimit);
}

TEST_P(SandboxTest, LimitsCannotBeRaised) {
  EXPECT_EQ(Python("import resource\nfor limit in (resource.RLIMIT_AS, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE):\n"
                   "  try:\n    resource.setrlimit(limit, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)); print('raised')\n"
                   "  except (ValueError, OSError): print('refused')").output,
            "refused\nrefused\nrefused\n");
}

TEST_P(SandboxTest, StopsOnRequestAndLeavesNothingRunning) {
  Limits limits;
  limits.wall = absl::Minutes(5);
  const absl::Time began = absl::Now();
  sync::Thread stopper("stopper", [this] {
    while (Descendants(zygote_->pid()).empty()) absl::SleepFor(absl::Milliseconds(10));
    stop_.RequestStop();
  });
  const RunOutcome outcome = Python("import time\ntime.sleep(1000)", limits);
  stopper.Join();
  EXPECT_EQ(outcome.end, End::kFailed);
  EXPECT_EQ(outcome.message, "it was told to stop");
  EXPECT_LT(absl::Now() - began, absl::Seconds(60)) << "far below its limit of wall time";
  EXPECT_THAT(Descendants(zygote_->pid()), IsEmpty());
}

TEST_P(SandboxTest, AProgramThatIsNotThereIsAFailureOfTheSandbox) {
  Command command;
  command.argv = {"/usr/bin/no-such-interpreter"};
  command.directory = workspace_->SlotDirectory(0);
  const RunOutcome outcome = sandbox_->Run(0, command, {});
  EXPECT_EQ(outcome.end, End::kFailed);
  EXPECT_THAT(outcome.message, HasSubstr("no-such-interpreter"));
}

TEST_P(SandboxTest, ASupervisorThatIsKilledIsAFailureAndTakesItsProgramAlong) {
  Command command;
  command.argv = {toolchain_.python, "-c", "import time; time.sleep(1000)"};
  command.directory = workspace_->SlotDirectory(0);
  command.limits.wall = absl::Seconds(60);
  const pid_t zygote = zygote_->pid();
  sync::Thread killer("killer", [zygote] {
    for (std::vector<pid_t> found;;) {
      found = Descendants(zygote);
      if (!found.empty()) kill(found.front(), SIGKILL);
      if (!found.empty()) return;
      absl::SleepFor(absl::Milliseconds(1));
    }
  });
  EXPECT_EQ(sandbox_->Run(0, command, {}).end, End::kFailed);
  killer.Join();
  const absl::Time give_up = absl::Now() + absl::Seconds(30);
  while (!Descendants(zygote).empty() && absl::Now() < give_up) absl::SleepFor(absl::Milliseconds(5));
  EXPECT_THAT(Descendants(zygote), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Walls, SandboxTest, ::testing::Values(Walls::kNamespaces, Walls::kProcess), WallsName);

}  // namespace
}  // namespace cohort::coderunner

#include "services/coderunner/sandbox/self_test.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace cohort::coderunner {
namespace {

constexpr char kRefused[] = "refused\n";
constexpr int kSlot = 0;

// A Python program that prints "refused" when every one of its attempts raises an error.
constexpr char kAttempts[] = R"(
import ctypes, os, signal, socket, subprocess
worked = []
for name, attempt in [%]:
    try:
        attempt()
        worked.append(name)
    except (OSError, MemoryError):
        pass
print("worked: " + ", ".join(worked) if worked else "refused")
)";

// What makes up for an attempt that is not refused.
enum class Excuse {
  kNone,
  kRuntime,                // gVisor or Kata around the service.
  kRuntimeWithoutSecrets,  // That, where no secret lies among the service's files.
};

struct Attempt {
  const char* what;
  const char* python;  // Elements (name, function) of a list; @SERVICE and @WORK are replaced.
  Excuse excuse = Excuse::kNone;
};

// Whether the service itself was given files that nobody else may read.
bool HoldsSecrets() {
  constexpr const char* kSecrets[] = {"COHORT_TLS_KEY", "COHORT_REDIS_PASSWORD_FILE", "COHORT_REDIS_KEY"};
  return std::any_of(std::begin(kSecrets), std::end(kSecrets), [](const char* name) {
    const char* file = std::getenv(name);
    return file != nullptr && *file != '\0';
  });
}

constexpr Attempt kAttemptsToRefuse[] = {
    {"read what is not in its view",
     "('/etc/passwd', lambda: open('/etc/passwd').read()), ('the work directory', lambda: os.listdir('@WORK/..'))", Excuse::kRuntimeWithoutSecrets},
    {"look into the service",
     "('its environment', lambda: open('/proc/@SERVICE/environ').read()), ('its memory', lambda: open('/proc/@SERVICE/mem', 'rb')), "
     "('its files', lambda: os.listdir('/proc/@SERVICE/fd'))"},
    {"write a file",
     "('its directory', lambda: open('file', 'w').write('x')), ('/tmp', lambda: open('/tmp/cohort-probe', 'w').write('x')), "
     "('/dev/shm', lambda: open('/dev/shm/cohort-probe', 'w').write('x'))", Excuse::kRuntime},
    {"open a socket", "('IPv4', lambda: socket.socket()), ('a local one', lambda: socket.socket(socket.AF_UNIX)), ('a pair', lambda: socket.socketpair())"},
    {"start a process", "('fork', os.fork), ('a program', lambda: subprocess.run(['/bin/true']))"},
    {"signal others", "('the service', lambda: os.kill(@SERVICE, 0)), ('its parent', lambda: os.kill(os.getppid(), signal.SIGKILL)), ('all', lambda: os.kill(-1, signal.SIGKILL))"},
    {"trace its parent", "('ptrace', lambda: exec('if ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0) != 0: raise OSError()'))"},
    {"allocate 2 GiB", "('memory', lambda: bytearray(2 << 30))"},
};

struct Endless {
  const char* what;
  const char* python;
  End end;
  const char* how;
};

constexpr Endless kEndless[] = {
    {"spin for ever", "while True: pass", End::kCpuLimit, "stopped at its CPU limit"},
    {"sleep for ever", "import time\ntime.sleep(1000)", End::kWallLimit, "stopped at its wall limit"},
    {"flood its output", "while True: print('x' * 1000)", End::kOutputLimit, "stopped at its output limit"},
};

constexpr char kPythonHello[] = R"(
import threading
threading.Thread(target=lambda: print("hello")).start()
)";
constexpr char kCxxHello[] = R"(
#include <cstdio>
#include <thread>
int main() { std::thread([] { std::puts("hello"); }).join(); }
)";

Limits ProbeLimits() {
  Limits limits;
  limits.cpu = absl::Seconds(5);
  limits.wall = absl::Seconds(20);
  return limits;
}

std::string Describe(const RunOutcome& outcome) {
  switch (outcome.end) {
    case End::kExited: return absl::StrCat("exited with code ", outcome.code, ": ", outcome.output, outcome.errors);
    case End::kSignalled: return absl::StrCat("killed by signal ", outcome.code, ": ", outcome.errors);
    case End::kCpuLimit: return "reached its CPU limit";
    case End::kWallLimit: return "reached its wall limit";
    case End::kOutputLimit: return "reached its output limit";
    case End::kFailed: return absl::StrCat("the sandbox failed: ", outcome.message);
  }
  return "unknown";
}

class Prober {
 public:
  Prober(Sandbox& sandbox, const Workspace& workspace, const Toolchain& toolchain, const sync::StopToken& stop)
      : sandbox_(sandbox), workspace_(workspace), toolchain_(toolchain), stop_(stop) {}

  RunOutcome Run(Language language, const std::string& source, Limits limits) {
    const Recipe recipe = ProgramRecipe(language, toolchain_, source);
    RunOutcome outcome;
    if (const absl::Status filled = workspace_.Fill(kSlot, recipe.files); !filled.ok()) {
      outcome.message = std::string(filled.message());
      return outcome;
    }
    Command command;
    command.directory = workspace_.SlotDirectory(kSlot);
    if (!recipe.compile.empty()) {
      if (const absl::Status given = sandbox_.GiveToSlot(kSlot, command.directory); !given.ok()) {
        outcome.message = std::string(given.message());
        return outcome;
      }
      command.argv = recipe.compile;
      command.builds = true;
      command.limits = limits;
      command.limits.memory_bytes = int64_t{2} << 30;
      outcome = sandbox_.Run(kSlot, command, stop_);
      if (outcome.end != End::kExited || outcome.code != 0) return outcome;
    }
    command.argv = recipe.run;
    command.builds = false;
    command.limits = limits;
    return sandbox_.Run(kSlot, command, stop_);
  }

  ProbeResult Hello(const char* what, Language language, const char* source) {
    const RunOutcome outcome = Run(language, source, ProbeLimits());
    const bool works = outcome.end == End::kExited && outcome.code == 0 && outcome.output == "hello\n";
    return {what, works, works ? "works" : Describe(outcome)};
  }

  ProbeResult Try(const Attempt& attempt) {
    const std::string list = absl::StrReplaceAll(attempt.python, {{"@SERVICE", absl::StrCat(getpid())}, {"@WORK", workspace_.SlotDirectory(kSlot)}});
    const RunOutcome outcome = Run(Language::kPython3, absl::StrReplaceAll(kAttempts, {{"%", list}}), ProbeLimits());
    const bool refused = outcome.end == End::kExited && outcome.output == kRefused;
    const bool excusable = attempt.excuse == Excuse::kRuntime || (attempt.excuse == Excuse::kRuntimeWithoutSecrets && !HoldsSecrets());
    return {attempt.what, refused, refused ? "refused" : Describe(outcome), excusable};
  }

  ProbeResult Stop(const Endless& endless) {
    Limits limits = ProbeLimits();
    if (endless.end == End::kCpuLimit) limits.cpu = absl::Milliseconds(200);
    if (endless.end == End::kWallLimit) limits.wall = absl::Milliseconds(300);
    const RunOutcome outcome = Run(Language::kPython3, endless.python, limits);
    const bool stopped = outcome.end == endless.end;
    return {endless.what, stopped, stopped ? endless.how : Describe(outcome)};
  }

 private:
  Sandbox& sandbox_;
  const Workspace& workspace_;
  const Toolchain& toolchain_;
  const sync::StopToken& stop_;
};

}  // namespace

absl::Status SelfTestReport::status(bool excuse) const {
  std::vector<std::string> failures;
  for (const ProbeResult& probe : probes) {
    if (!probe.as_it_should && !(excuse && probe.excusable)) failures.push_back(absl::StrCat("to ", probe.attempt, ": ", probe.how));
  }
  if (failures.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("the sandbox is not as it should be: ", absl::StrJoin(failures, "; ")));
}

SelfTestReport RunSelfTest(Sandbox& sandbox, const Workspace& workspace, const Toolchain& toolchain, const sync::StopToken& stop) {
  Prober prober(sandbox, workspace, toolchain, stop);
  SelfTestReport report;
  report.probes.push_back(prober.Hello("run Python", Language::kPython3, kPythonHello));
  report.probes.push_back(prober.Hello("compile and run C++", Language::kCpp17, kCxxHello));
  for (const Attempt& attempt : kAttemptsToRefuse) report.probes.push_back(prober.Try(attempt));
  for (const Endless& endless : kEndless) report.probes.push_back(prober.Stop(endless));
  return report;
}

std::string WhyNothingRuns(Sandbox& sandbox, const Workspace& workspace, const Toolchain& toolchain, const sync::StopToken& stop) {
  const RunOutcome outcome = Prober(sandbox, workspace, toolchain, stop).Run(Language::kPython3, "", ProbeLimits());
  return outcome.end == End::kFailed ? outcome.message : "";
}

}  // namespace cohort::coderunner

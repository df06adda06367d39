#include "services/reward/sandbox/self_test.h"

#include <signal.h>
#include <sys/wait.h>

#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "common/sandbox/monotonic.h"
#include "common/status/status_macros.h"
#include "services/reward/sandbox/worker_process.h"

namespace cohort::reward {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(5);

std::string DescribeEnd(int status) {
  if (WIFSIGNALED(status)) return absl::StrCat("killed by signal ", WTERMSIG(status), " (", strsignal(WTERMSIG(status)), ")");
  return absl::StrCat("ended by itself with code ", WEXITSTATUS(status));
}

// What the probe said before it ended, if it said anything: 0 when it got what it wanted, an error number when the kernel refused, -1 for silence.
int ProbeAnswer(const std::vector<WorkerProcess::Received>& received) {
  for (const auto& packet : received) {
    if (packet.packet.kind == PacketKind::kResult) return static_cast<int>(packet.packet.index);
  }
  return -1;
}

absl::StatusOr<ProbeResult> RunOne(sandbox::Zygote& zygote, Probe probe, absl::Duration check_deadline, int* landlock_abi) {
  ProbeResult result;
  result.probe = probe;
  const absl::Time give_up = absl::Now() + kPatience;
  COHORT_ASSIGN_OR_RETURN(const auto worker, WorkerProcess::Start(zygote, static_cast<ChildTask>(probe), give_up));
  *landlock_abi = worker->landlock_abi();
  const bool spins = probe == Probe::kSpin;
  const int64_t until_ns = sandbox::MonotonicNanos() + absl::ToInt64Nanoseconds(spins ? check_deadline : kPatience);
  std::vector<WorkerProcess::Received> received;
  WorkerProcess::Event event;
  do {
    event = worker->Receive(until_ns, &received);
  } while (event == WorkerProcess::Event::kPackets);
  if (event == WorkerProcess::Event::kTimeout) worker->Kill();
  COHORT_ASSIGN_OR_RETURN(const int status, worker->WaitStatus(give_up));

  const int answer = ProbeAnswer(received);
  const bool was_alive = event == WorkerProcess::Event::kTimeout;
  const bool killed = WIFSIGNALED(status) && was_alive == spins;
  result.stopped = answer > 0 || (answer < 0 && killed);
  result.how = answer > 0 ? absl::StrCat("refused: ", strerror(answer)) : answer == 0 ? std::string("it worked") : DescribeEnd(status);
  return result;
}

}  // namespace

absl::Status SelfTestReport::status() const {
  std::vector<std::string> failures;
  for (const ProbeResult& result : probes) {
    if (!result.stopped) failures.push_back(absl::StrCat("could ", ToString(result.probe), " (", result.how, ")"));
  }
  if (failures.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("the sandbox does not hold: a worker ", absl::StrJoin(failures, "; it ")));
}

absl::StatusOr<SelfTestReport> RunSelfTest(sandbox::Zygote& zygote, absl::Duration check_deadline) {
  SelfTestReport report;
  for (const Probe probe : kAllProbes) {
    if (IsSanitizerBuild() && probe != Probe::kSpin) continue;  // Its runtime needs what the others try.
    COHORT_ASSIGN_OR_RETURN(ProbeResult result, RunOne(zygote, probe, check_deadline, &report.landlock_abi));
    report.probes.push_back(std::move(result));
  }
  if (!IsSanitizerBuild()) report.level = report.landlock_abi > 0 ? SandboxLevel::kFull : SandboxLevel::kSeccompOnly;
  return report;
}

}  // namespace cohort::reward

#include <sys/prctl.h>

#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/log/log.h"
#include "common/metrics/metrics.h"
#include "common/metrics/process_metrics.h"
#include "common/redis/command_stats.h"
#include "common/registry/record.h"
#include "common/registry/registration.h"
#include "common/rpc/endpoint_file.h"
#include "common/rpc/server.h"
#include "common/rpc/service_tls.h"
#include "common/sandbox/landlock.h"
#include "common/status/status_macros.h"
#include "common/sync/signals.h"
#include "services/coderunner/judge/judge.h"
#include "services/coderunner/judge/judgement_pool.h"
#include "services/coderunner/sandbox/isolation.h"
#include "services/coderunner/sandbox/sandbox.h"
#include "services/coderunner/sandbox/self_test.h"
#include "services/coderunner/sandbox/workspace.h"
#include "services/coderunner/server/code_service.h"
#include "services/coderunner/server/flags.h"

namespace cohort::coderunner {
namespace {

constexpr absl::Duration kDrain = absl::Seconds(1);
constexpr absl::Duration kConnectionAge = absl::Minutes(1);  // A new coderunner has its share of the calls by then.
constexpr absl::Duration kLookInterval = absl::Milliseconds(200);

// The walls that can be built here, strongest first, unless they are given.
absl::StatusOr<std::unique_ptr<Sandbox>> OpenSandbox(sandbox::Zygote& zygote, const Flags& flags, const Workspace& workspace, const sync::StopToken& stop) {
  const Sandbox::Options options = {workspace.root(), ViewOf(flags.toolchain), flags.walls.value_or(Walls::kNamespaces)};
  auto sandbox = std::make_unique<Sandbox>(zygote, options);
  const std::string why = WhyNothingRuns(*sandbox, workspace, flags.toolchain, stop);
  if (why.empty()) return sandbox;
  if (flags.walls.has_value()) return absl::FailedPreconditionError(absl::StrCat("nothing can be run behind the walls '", ToString(*flags.walls), "': ", why));
  COHORT_LOG(WARNING) << "no name spaces can be made here (" << why << "); programs run behind Landlock, seccomp and limits alone";
  return std::make_unique<Sandbox>(zygote, Sandbox::Options{options.root, options.view, Walls::kProcess});
}

absl::Status CheckSandbox(Sandbox& sandbox, const Flags& flags, const Workspace& workspace, IsolationLevel level, const sync::StopToken& stop) {
  const SelfTestReport report = RunSelfTest(sandbox, workspace, flags.toolchain, stop);
  for (const ProbeResult& probe : report.probes) {
    COHORT_LOG(INFO) << "self-test: to " << probe.attempt << ": " << (probe.as_it_should ? "" : "NOT AS IT SHOULD BE: ") << probe.how;
  }
  return report.status(/*excuse=*/IsStrong(level));
}

// Says how strong the isolation is; FAILED_PRECONDITION when it is weak and nobody has said that this will do.
absl::Status CheckIsolation(IsolationLevel level, Walls walls, const Flags& flags, metrics::Registry& registry) {
  registry.GetGauge("cohort_coderunner_isolation_level", "3 Kata, 2 gVisor, 1 name spaces, 0 process.")->Set(static_cast<int>(level));
  registry.GetGauge("cohort_coderunner_walls", "1 name spaces around each program, 0 none.")->Set(static_cast<int>(walls));
  registry.GetGauge("cohort_coderunner_landlock_abi", "Landlock ABI of the kernel; 0 without Landlock.")->Set(sandbox::LandlockAbi());
  const std::string said = absl::StrCat("isolation level: ", ToString(level), ", walls around each program: ", ToString(walls), ", Landlock ABI ", sandbox::LandlockAbi());
  if (IsStrong(level)) {
    COHORT_LOG(INFO) << said;
    return absl::OkStatus();
  }
  if (flags.allow_weak_isolation) {
    COHORT_LOG(WARNING) << said << "; neither gVisor nor Kata: programs of the model share this kernel, as --allow-weak-isolation allows";
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat("neither gVisor nor Kata stands around this service (", said,
                                                    "), so programs of the model would share this kernel; run the pod with runtimeClassName gvisor or kata, or pass "
                                                    "--allow-weak-isolation"));
}

absl::Status Serve(sandbox::Zygote& zygote, const Flags& flags, const sync::SignalWaiter& signals) {
  COHORT_RETURN_IF_ERROR(rpc::CheckServiceTls());
  metrics::Registry registry;
  const auto process_metrics = metrics::ExportProcessMetrics(registry, "coderunner");
  const auto redis_metrics = redis::ExportRedisMetrics(registry);
  COHORT_ASSIGN_OR_RETURN(const int metrics_port, registry.Serve(flags.metrics_listen));
  COHORT_ASSIGN_OR_RETURN(const auto workspace, Workspace::Create(flags.work_directory));
  COHORT_ASSIGN_OR_RETURN(const auto sandbox, OpenSandbox(zygote, flags, *workspace, signals.token()));
  const IsolationLevel level = LevelOf(RuntimeTraces::OfThisMachine(), sandbox->walls());
  COHORT_RETURN_IF_ERROR(CheckIsolation(level, sandbox->walls(), flags, registry));
  COHORT_RETURN_IF_ERROR(CheckSandbox(*sandbox, flags, *workspace, level, signals.token()));
  JudgeMetrics metrics(registry);
  Judge judge(*sandbox, *workspace, flags.toolchain, metrics);
  JudgementPool pool(judge, metrics, flags.PoolOptions());
  CodeService service(pool, metrics);
  rpc::Server::Options options;
  options.address = flags.listen;
  options.allow_remote = flags.allow_remote;
  options.services = {&service};
  options.metrics = &registry;
  options.max_connection_age = kConnectionAge;
  COHORT_ASSIGN_OR_RETURN(const auto server, rpc::Server::Start(options));
  server->SetReady(true);
  const rpc::Endpoints endpoints = {server->address(), rpc::WithPort(flags.metrics_listen, metrics_port)};
  std::optional<registry::Registration> registration;
  if (!flags.redis.empty()) {
    const registry::v1::ServiceRecord record = registry::RecordOf(flags.name, registry::v1::SERVICE_ROLE_REWARD, endpoints, flags.advertise_host);
    registration.emplace(registry::Registration::Options{.redis = flags.redis, .run = flags.run, .record = record});
  }
  COHORT_RETURN_IF_ERROR(rpc::WriteEndpointFile(flags.endpoint_file, endpoints));
  COHORT_LOG(INFO) << "serving on " << server->listens_on() << " with " << flags.PoolOptions().slots << " slots";

  while (!signals.WaitUntil(absl::Now() + kLookInterval) && zygote.running()) {
  }
  const bool zygote_lost = !zygote.running();
  server->SetReady(false);
  server->Shutdown(absl::Now() + kDrain);
  return zygote_lost ? absl::UnavailableError("the zygote has ended, so nothing can be run any more") : absl::OkStatus();
}

int Main(int argc, char** argv) {
  Flags flags;
  if (const int exit_code = ParseFlags(argc, argv, &flags); exit_code >= 0) return exit_code;
  prctl(PR_SET_DUMPABLE, 0);  // References lie in this memory; programs may run as this user.
  // Before anything that could start a thread: programs are forked from a process that never had one.
  auto zygote = ForkSupervisorZygote();
  log::Initialize(argv[0]);
  log::SetContext("service=" + flags.name);
  if (!zygote.ok()) {
    COHORT_LOG(ERROR) << zygote.status();
    return 1;
  }
  const sync::SignalWaiter signals;
  const absl::Status served = Serve(**zygote, flags, signals);
  if (!served.ok()) COHORT_LOG(ERROR) << served;
  return served.ok() ? 0 : 1;
}

}  // namespace
}  // namespace cohort::coderunner

int main(int argc, char** argv) { return cohort::coderunner::Main(argc, argv); }

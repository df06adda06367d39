#include <memory>
#include <optional>
#include <utility>

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
#include "common/status/status_macros.h"
#include "common/sync/signals.h"
#include "services/reward/sandbox/pool_metrics.h"
#include "services/reward/sandbox/self_test.h"
#include "services/reward/sandbox/worker_pool.h"
#include "services/reward/sandbox/worker_zygote.h"
#include "services/reward/server/flags.h"
#include "services/reward/server/reward_service.h"

namespace cohort::reward {
namespace {

constexpr absl::Duration kDrain = absl::Seconds(1);  // Many times the deadline of a check.
constexpr absl::Duration kConnectionAge = absl::Minutes(1);  // A new reward service has its share of the calls by then.
constexpr absl::Duration kLookInterval = absl::Milliseconds(200);

absl::Status CheckSandbox(sandbox::Zygote& zygote, const Flags& flags, PoolMetrics& metrics) {
  COHORT_ASSIGN_OR_RETURN(const SelfTestReport report, RunSelfTest(zygote, absl::Milliseconds(flags.check_deadline_ms)));
  for (const ProbeResult& result : report.probes) {
    COHORT_LOG(INFO) << "sandbox self-test: to " << ToString(result.probe) << " was " << (result.stopped ? "stopped: " : "NOT stopped: ") << result.how;
  }
  COHORT_RETURN_IF_ERROR(report.status());
  metrics.SetSandbox(report.level, report.landlock_abi);
  if (report.level == SandboxLevel::kFull) {
    COHORT_LOG(INFO) << "sandbox: " << ToString(report.level) << ", Landlock ABI " << report.landlock_abi;
  } else {
    COHORT_LOG(WARNING) << "sandbox: " << ToString(report.level);
  }
  return absl::OkStatus();
}

absl::Status Serve(sandbox::Zygote& zygote, const Flags& flags, const sync::SignalWaiter& signals) {
  COHORT_RETURN_IF_ERROR(rpc::CheckServiceTls());
  metrics::Registry registry;
  const auto process_metrics = metrics::ExportProcessMetrics(registry, "reward");
  const auto redis_metrics = redis::ExportRedisMetrics(registry);
  PoolMetrics metrics(registry);
  COHORT_ASSIGN_OR_RETURN(const int metrics_port, registry.Serve(flags.metrics_listen));
  COHORT_RETURN_IF_ERROR(CheckSandbox(zygote, flags, metrics));
  COHORT_ASSIGN_OR_RETURN(const auto pool, WorkerPool::Start(zygote, metrics, flags.PoolOptions()));
  VerdictMetrics verdicts(registry);
  RewardService service(*pool, verdicts);
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
  COHORT_LOG(INFO) << "serving on " << server->listens_on() << " with " << flags.PoolOptions().workers << " sandboxed workers";

  while (!signals.WaitUntil(absl::Now() + kLookInterval) && zygote.running() && !pool->failure().has_value()) {
  }
  const bool zygote_lost = !zygote.running();
  server->SetReady(false);
  server->Shutdown(absl::Now() + kDrain);
  if (zygote_lost) return absl::UnavailableError("the zygote has ended, so there are no workers any more");
  if (const auto failure = pool->failure(); failure.has_value()) return *failure;
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  Flags flags;
  if (const int exit_code = ParseFlags(argc, argv, &flags); exit_code >= 0) return exit_code;
  // Before anything that could start a thread: the workers are forked from a process that never had one.
  auto zygote = ForkZygote({LockdownOptions(), Faults::FromEnvironment()});
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
}  // namespace cohort::reward

int main(int argc, char** argv) { return cohort::reward::Main(argc, argv); }

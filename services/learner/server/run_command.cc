#include "services/learner/server/run_command.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/config/config.h"
#include "common/io/files.h"
#include "common/log/log.h"
#include "common/metrics/metrics.h"
#include "common/metrics/process_metrics.h"
#include "common/redis/command_stats.h"
#include "common/rpc/endpoint_file.h"
#include "common/rpc/service_tls.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "common/sync/signals.h"
#include "services/learner/reward/gold_check.h"
#include "services/learner/server/learner_run.h"
#include "services/learner/server/queue_connection.h"

namespace cohort::learner {
namespace {

// How a learner ends that was asked to before the run was done.
absl::Status Stopped(const LearnerOptions& options) {
  return options.exit_when_done ? absl::CancelledError("stopped before the run was done; start it again with --resume") : absl::OkStatus();
}

absl::Status Run(const LearnerOptions& options) {
  COHORT_RETURN_IF_ERROR(rpc::CheckServiceTls());
  const sync::SignalWaiter signals([](int signal) { COHORT_LOG(INFO) << "stops on signal " << signal; });
  const sync::StopToken stop = signals.token();
  COHORT_ASSIGN_OR_RETURN(RunInputs inputs, LoadRunInputs(options));
  log::SetContext(absl::StrCat("run=", inputs.identity.name));
  LogRunInputs(inputs);
  if (options.redis.empty() && inputs.config.queue().redis_address().empty()) {
    return absl::InvalidArgumentError("no Redis server is named; give --redis host:port or set queue.redis_address");
  }
  COHORT_ASSIGN_OR_RETURN(const auto directory, RunDirectory::Open(RunDirectoryPath(inputs.config), inputs.identity, options.resume));
  metrics::Registry registry;
  const absl::Status gold = CheckGoldAnswers(options.reward, inputs.config.reward().policy(), inputs.data.prompts,
                                             absl::Now() + options.start_timeout, stop, &registry);
  if (absl::IsCancelled(gold) && stop.stop_requested()) return Stopped(options);
  COHORT_RETURN_IF_ERROR(gold);

  const auto process_metrics = metrics::ExportProcessMetrics(registry, "learner");
  const auto redis_metrics = redis::ExportRedisMetrics(registry);
  StepMetrics step_metrics(registry);
  COHORT_ASSIGN_OR_RETURN(const int metrics_port, registry.Serve(options.metrics_listen));
  rpc::Endpoints endpoints{options.listen, rpc::WithPort(options.metrics_listen, metrics_port)};
  COHORT_RETURN_IF_ERROR(io::WriteFileAtomically(*directory / "config.yaml", config::ToYaml(inputs.config)));
  const auto check = [file = *directory / "config.yaml"](const std::string& setting) {
    return config::LoadRunConfig(file, {setting}, config::Placement::kSeveralMachines).status();
  };
  COHORT_ASSIGN_OR_RETURN(const auto control, RunControl::Open(directory->path(), inputs.config, check));
  const LearnerProcess process{options, inputs, *directory, *control, registry, step_metrics, stop};
  for (;;) {
    const auto connection = ConnectQueue(options, inputs.config, directory->last_incarnation(), stop);
    if (absl::IsCancelled(connection.status()) && stop.stop_requested()) return Stopped(options);
    COHORT_RETURN_IF_ERROR(connection.status());
    inputs.config = control->EffectiveConfig();
    const absl::Status status = RunIncarnation(process, *connection->queue, connection->incarnation, endpoints);
    const bool begin_again = ErrorReason(status) == "QUEUE_LOST" || ErrorReason(status) == "BEGIN_AGAIN";
    if ((begin_again || absl::IsCancelled(status)) && stop.stop_requested()) return Stopped(options);
    if (!begin_again) return status;
    COHORT_LOG(WARNING) << "beginning another incarnation: " << status.message();
  }
}

}  // namespace

void AddRunCommand(CLI::App& app, absl::Status& status) {
  CLI::App* command = app.add_subcommand("run", "Train a policy: the learner of one run");
  auto options = std::make_shared<LearnerOptions>();
  auto start_timeout = std::make_shared<double>(absl::ToDoubleSeconds(options->start_timeout));
  auto follower_timeout = std::make_shared<double>(absl::ToDoubleSeconds(options->follower_timeout));
  command->add_option("config,--config", options->config, "The run's YAML file")->required();
  command->add_option("--set", options->overrides, "Override a field: section.field=value (may be repeated)");
  command->add_option("--redis", options->redis, "host:port of the prompt queue, rediss://host:port for TLS; default: queue.redis_address");
  command->add_option("--reward", options->reward, "host:port of a reward service")->required();
  command->add_flag("--resume", options->resume, "Go on with the run that the run directory holds");
  command->add_option("--listen", options->listen, "Address of the gRPC services")->capture_default_str();
  command->add_option("--metrics-listen", options->metrics_listen, "Address of /metrics")->capture_default_str();
  command->add_option("--advertise-host", options->advertise_host, "Host under which others reach this service, for the registry; default: the one it listens on");
  command->add_option("--endpoint-file", options->endpoint_file, "Write the bound addresses to this file");
  command->add_option("--name", options->name, "Name in logs and in the queue")->capture_default_str();
  command->add_flag("--allow-remote", options->allow_remote, "Listen on other addresses than loopback without TLS");
  command->add_option("--start-timeout", *start_timeout, "Seconds to wait for Redis and the reward service")->capture_default_str();
  command->add_option("--follower-timeout", *follower_timeout, "Seconds without a sign of life after which a follower counts as dead")
      ->check(CLI::Range(2.0, 86400.0))  // A sign comes every second.
      ->capture_default_str();
  command->add_flag("--exit-when-done", options->exit_when_done, "End when the run has finished, and let followers end, instead of answering for it until a signal. Exit code 0 then means that it has finished: one "
                    "who is stopped before ends with 1");
  command->footer("Example: cohort-learner run configs/quickstart.yaml --redis 127.0.0.1:6379 --reward 127.0.0.1:7001");
  command->callback([options, start_timeout, follower_timeout, &status] {
    options->start_timeout = absl::Seconds(*start_timeout);
    options->follower_timeout = absl::Seconds(*follower_timeout);
    status = Run(*options);
  });
}

}  // namespace cohort::learner

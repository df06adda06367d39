#include "services/learner/follow/follow_command.h"

#include <unistd.h>

#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/rpc/service_tls.h"
#include "common/status/status_macros.h"
#include "common/sync/signals.h"
#include "services/learner/follow/follow_options.h"
#include "services/learner/follow/follower.h"

namespace cohort::learner {
namespace {

std::string HostAndProcess() {
  char host[256] = {};
  gethostname(host, sizeof(host) - 1);
  return absl::StrCat(host, "-", getpid());
}

absl::Status Follow(FollowOptions options) {
  COHORT_RETURN_IF_ERROR(rpc::CheckServiceTls());
  if (options.name.empty()) options.name = HostAndProcess();
  log::SetContext(options.run.empty() ? absl::StrCat("follower=", options.name) : absl::StrCat("run=", options.run, " follower=", options.name));
  const sync::SignalWaiter signals([](int signal) { COHORT_LOG(INFO) << "stops on signal " << signal; });
  return RunFollower(options, signals.token());
}

}  // namespace

void AddFollowCommand(CLI::App& app, absl::Status& status) {
  CLI::App* command = app.add_subcommand("follow", "Compute for the learner of a run whose optimizer.data_parallel is above 1");
  auto options = std::make_shared<FollowOptions>();
  const std::map<std::string, config::v1::Device> devices = {{"CPU", config::v1::DEVICE_CPU}, {"CUDA", config::v1::DEVICE_CUDA}, {"AUTO", config::v1::DEVICE_AUTO}};
  auto device = std::make_shared<config::v1::Device>();
  auto gpu = std::make_shared<int>(0);
  command->add_option("--leader", options->leader, "host:port of the learner's gRPC services")->required();
  command->add_option("--run", options->run, "Follow no other run than this; default: the leader's");
  command->add_option("--threads", options->threads, "Threads; 0 for as many as the leader has (optimizer.threads)")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
  CLI::Option* device_flag = command->add_option("--device", *device, "CPU, CUDA or AUTO; default: as the leader (optimizer.device)");
  device_flag->transform(CLI::CheckedTransformer(devices));
  CLI::Option* gpu_flag = command->add_option("--gpu", *gpu, "GPU, as this machine counts them; default: the leader's number (optimizer.gpu)");
  gpu_flag->check(CLI::NonNegativeNumber);
  command->add_option("--listen", options->listen, "Address of the gRPC server, for health checks")->capture_default_str();
  command->add_option("--metrics-listen", options->metrics_listen, "Address of /metrics")->capture_default_str();
  command->add_option("--endpoint-file", options->endpoint_file, "Write the bound addresses to this file");
  command->add_option("--name", options->name, "Name in logs and for the leader, unique among the followers; default: host and process id");
  command->add_flag("--allow-remote", options->allow_remote, "Listen on other addresses than loopback without TLS");
  command->add_flag("--exit-when-done", options->exit_when_done, "Exit code 0 means that the run has finished: one who is stopped before ends with 1");
  command->footer("Example: cohort-learner follow --leader 127.0.0.1:7002");
  command->callback([=, &status] {
    if (device_flag->count() > 0) options->device = *device;
    if (gpu_flag->count() > 0) options->gpu = *gpu;
    status = Follow(*options);
  });
}

}  // namespace cohort::learner

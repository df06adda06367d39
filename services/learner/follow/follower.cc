#include "services/learner/follow/follower.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/log/log.h"
#include "common/metrics/gpu_memory.h"
#include "common/metrics/metrics.h"
#include "common/metrics/process_metrics.h"
#include "common/rpc/client.h"
#include "common/rpc/endpoint_file.h"
#include "common/rpc/server.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "common/sync/backoff.h"
#include "services/learner/follow/follower_session.h"

namespace cohort::learner {
namespace {

// Follows until there is nothing more to do.
class Follower {
 public:
  Follower(const FollowOptions& options, rpc::Server* server, metrics::Registry* registry)
      : options_(options),
        server_(server),
        metrics_(*registry),
        stub_(v1::FollowService::NewStub(rpc::Connect(options.leader, nullptr, registry))) {}

  absl::Status Run(const sync::StopToken& stop) {
    sync::Backoff backoff({.max = absl::Seconds(1)});
    while (!stop.stop_requested()) {
      FollowerSession session(options_, stub_.get(), &metrics_, [&](const v1::FollowTask& task) {
        OnReady(task);
        backoff.Reset();
      });
      const FollowEnd end = session.Follow(stop);
      server_->SetReady(false);
      if (end.kind == FollowEnd::Kind::kRunDone) {
        COHORT_LOG(INFO) << "the run is done";
        return absl::OkStatus();
      }
      if (stop.stop_requested()) break;
      if (end.kind == FollowEnd::Kind::kHopeless) return Annotate(end.why, absl::StrCat("the leader at ", options_.leader));
      Complain(end.why);
      if (!backoff.Wait(stop, absl::InfiniteFuture())) break;
    }
    return options_.exit_when_done ? absl::CancelledError("stopped before the run was done") : absl::OkStatus();
  }

 private:
  void OnReady(const v1::FollowTask& task) {
    log::SetContext(absl::StrCat("run=", task.run(), " incarnation=", task.incarnation(), " follower=", options_.name));
    COHORT_LOG(INFO) << "follows the leader at " << options_.leader << " as rank " << task.rank() << " of " << task.processes();
    complained_.clear();
    server_->SetReady(true);
  }

  // Once for each thing that is wrong.
  void Complain(const absl::Status& why) {
    const std::string text(why.message());
    if (text != complained_) COHORT_LOG(WARNING) << "does not follow the leader at " << options_.leader << " now, trying again: " << text;
    complained_ = text;
  }

  const FollowOptions& options_;
  rpc::Server* const server_;
  FollowerMetrics metrics_;
  const std::unique_ptr<v1::FollowService::Stub> stub_;
  std::string complained_;
};

}  // namespace

absl::Status RunFollower(const FollowOptions& options, const sync::StopToken& stop) {
  metrics::Registry registry;
  const auto process_metrics = metrics::ExportProcessMetrics(registry, "follower");
  COHORT_ASSIGN_OR_RETURN(const int metrics_port, registry.Serve(options.metrics_listen));
  rpc::Server::Options server_options;
  server_options.address = options.listen;
  server_options.allow_remote = options.allow_remote;
  server_options.metrics = &registry;
  COHORT_ASSIGN_OR_RETURN(const auto server, rpc::Server::Start(server_options));
  const rpc::Endpoints endpoints = {server->address(), rpc::WithPort(options.metrics_listen, metrics_port)};
  COHORT_RETURN_IF_ERROR(rpc::WriteEndpointFile(options.endpoint_file, endpoints));
  COHORT_LOG(INFO) << "answers probes on " << server->listens_on() << ", metrics on " << endpoints.metrics;
  return Follower(options, server.get(), &registry).Run(stop);
}

}  // namespace cohort::learner

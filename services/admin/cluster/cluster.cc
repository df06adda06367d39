#include "services/admin/cluster/cluster.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "proto/cohort/learner/v1/control_service.grpc.pb.h"
#include "proto/cohort/learner/v1/run_service.grpc.pb.h"
#include "services/admin/scale/launcher_scaler.h"

namespace cohort::admin {
namespace {

using learner::v1::ControlService;
using learner::v1::RunService;

// More channels than services can be open after many restarts on other ports; then all are made anew.
constexpr size_t kMostChannels = 1024;

}  // namespace

absl::Status OfLearner(const absl::Status& status) {
  const bool unreachable = (absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status)) && ErrorReason(status).empty();
  return unreachable ? NoLearner(status.message()) : status;
}

absl::Status OfService(const absl::Status& status, const ServiceRecord& service) {
  return status.ok() ? status : Annotate(status, absl::StrCat(service.name(), " at ", service.endpoint()));
}

Cluster::Cluster(const std::string& redis, const std::string& run, std::unique_ptr<Scaler> scaler, metrics::Registry* metrics)
    : run_(run), registry_(redis, run), scaler_(scaler != nullptr ? std::move(scaler) : std::make_unique<LauncherScaler>(redis, run)), metrics_(metrics) {}

absl::StatusOr<std::vector<ServiceRecord>> Cluster::Services(absl::Time deadline) {
  absl::StatusOr<std::vector<ServiceRecord>> services = registry_.List(deadline);
  if (!services.ok()) return OfRedis(services.status());
  return services;
}

absl::StatusOr<ServiceRecord> Cluster::Service(const std::string& name, absl::Time deadline) {
  COHORT_ASSIGN_OR_RETURN(const std::vector<ServiceRecord> services, Services(deadline));
  for (const ServiceRecord& service : services) {
    if (service.name() == name) return service;
  }
  return UnknownService(name);
}

absl::StatusOr<ServiceRecord> Cluster::Worker(const std::string& name, absl::Time deadline) {
  const absl::StatusOr<ServiceRecord> service = Service(name, deadline);
  const bool other = service.ok() && service->role() != registry::v1::SERVICE_ROLE_ROLLOUT;
  if (other || absl::IsNotFound(service.status())) return UnknownWorker(name);
  return service;
}

absl::StatusOr<ServiceRecord> Cluster::Learner(absl::Time deadline) {
  COHORT_ASSIGN_OR_RETURN(const std::vector<ServiceRecord> services, Services(deadline));
  for (const ServiceRecord& service : services) {
    if (service.role() == registry::v1::SERVICE_ROLE_LEARNER) return service;
  }
  return NoLearner(absl::StrCat("none of run '", run_, "' is in the registry"));
}

std::shared_ptr<grpc::Channel> Cluster::ChannelTo(const std::string& endpoint) {
  absl::MutexLock lock(&mutex_);
  if (channels_.size() > kMostChannels) channels_.clear();
  std::shared_ptr<grpc::Channel>& channel = channels_[endpoint];
  if (channel == nullptr) channel = rpc::Connect(endpoint, nullptr, metrics_);
  return channel;
}

absl::StatusOr<learner::v1::GetRunResponse> Cluster::Run(const ServiceRecord& learner, absl::Time deadline) {
  learner::v1::GetRunResponse run;
  const absl::Status asked =
      Call(learner, &RunService::Stub::GetRun, learner::v1::GetRunRequest(), &run, deadline, [](const auto& channel) { return RunService::NewStub(channel); });
  if (!asked.ok()) return OfLearner(asked);
  return run;
}

absl::StatusOr<learner::v1::GetControlResponse> Cluster::Control(const ServiceRecord& learner, absl::Time deadline) {
  learner::v1::GetControlResponse control;
  const absl::Status asked = Call(learner, &ControlService::Stub::GetControl, learner::v1::GetControlRequest(), &control, deadline,
                                  [](const auto& channel) { return ControlService::NewStub(channel); });
  if (!asked.ok()) return OfLearner(asked);
  return control;
}

absl::StatusOr<std::vector<learner::v1::Checkpoint>> Cluster::Checkpoints(const ServiceRecord& learner, absl::Time deadline) {
  learner::v1::ListCheckpointsResponse list;
  const absl::Status asked = Call(learner, &ControlService::Stub::ListCheckpoints, learner::v1::ListCheckpointsRequest(), &list, deadline,
                                  [](const auto& channel) { return ControlService::NewStub(channel); });
  if (!asked.ok()) return OfLearner(asked);
  return std::vector<learner::v1::Checkpoint>(list.checkpoints().begin(), list.checkpoints().end());
}

absl::StatusOr<std::vector<learner::v1::StepRecord>> Cluster::Steps(const ServiceRecord& learner, int64_t from, int64_t end, absl::Time deadline) {
  std::vector<learner::v1::StepRecord> steps;
  if (from >= end) return steps;
  const auto stub = RunService::NewStub(ChannelTo(learner.endpoint()));
  grpc::ClientContext context;
  rpc::SetDeadline(context, deadline);
  learner::v1::WatchStepsRequest request;
  request.set_from_step(from);
  const auto reader = stub->WatchSteps(&context, request);
  learner::v1::WatchStepsResponse response;
  while (reader->Read(&response)) {
    if (response.record().step() < end) steps.push_back(response.record());
    if (response.record().step() >= end - 1) break;
  }
  context.TryCancel();
  const grpc::Status ended = reader->Finish();
  // It was we who ended it, or the run has no more.
  if (!steps.empty() || ended.ok() || ended.error_code() == grpc::StatusCode::CANCELLED) return steps;
  return OfLearner(rpc::FromGrpc(ended));
}

}  // namespace cohort::admin

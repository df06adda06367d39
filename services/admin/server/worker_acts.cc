// The calls of AdminService that change which workers there are and what they do, and the one that takes such an act back.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "proto/cohort/rollout/v1/rollout_service.grpc.pb.h"
#include "services/admin/server/admin_service.h"

namespace cohort::admin {
namespace {

using rollout::v1::RolloutService;

constexpr int kMostWorkers = 256;
// Beyond its grace period, what a worker may take to leave.
constexpr double kLeavingSeconds = 30;

const auto kNewRollout = [](const auto& channel) { return RolloutService::NewStub(channel); };

}  // namespace

grpc::Status AdminServiceImpl::DrainWorker(grpc::ServerContext* context, const v1::DrainWorkerRequest* request, v1::DrainWorkerResponse* response) {
  return acts_.Run(*context, "DrainWorker", *request, response, [&](const Caller& caller, absl::Time deadline) -> absl::StatusOr<Audit> {
    if (!(request->grace_seconds() >= 0)) return absl::InvalidArgumentError("grace_seconds: must not be negative");
    COHORT_ASSIGN_OR_RETURN(const ServiceRecord worker, parts_.cluster.Worker(request->name(), deadline));
    if (request->validate_only()) return Audit();
    rollout::v1::DrainWorkerRequest drain;
    drain.set_reason(request->reason().empty() ? absl::StrCat("drained by ", caller.name) : request->reason());
    drain.set_grace_seconds(request->grace_seconds());
    drain.set_stay(!request->exit());
    rollout::v1::DrainWorkerResponse drained;
    COHORT_RETURN_IF_ERROR(OfService(parts_.cluster.Call(worker, &RolloutService::Stub::DrainWorker, drain, &drained, deadline, kNewRollout), worker));
    v1::Operation operation;
    operation.set_kind(v1::OPERATION_KIND_DRAIN_WORKER);
    operation.set_subject(worker.name());
    operation.set_target(request->exit() ? 1 : 0);
    operation.set_message(absl::StrCat("the worker holds ", drained.leases(), " tasks"));
    if (request->exit() && request->grace_seconds() > 0) {
      operation.set_deadline_ms(absl::ToUnixMillis(absl::Now() + absl::Seconds(request->grace_seconds() + kLeavingSeconds)));
    }
    COHORT_ASSIGN_OR_RETURN(*response->mutable_operation(), parts_.operations.Begin(std::move(operation), caller.name, request->request_id(), deadline));
    return Audit{worker.name(), absl::StrCat(request->exit() ? "drain and end" : "drain", ": ", drain.reason())};
  });
}

grpc::Status AdminServiceImpl::UndrainWorker(grpc::ServerContext* context, const v1::UndrainWorkerRequest* request, v1::UndrainWorkerResponse* response) {
  return acts_.Run(*context, "UndrainWorker", *request, response, [&](const Caller&, absl::Time deadline) -> absl::StatusOr<Audit> {
    COHORT_ASSIGN_OR_RETURN(const ServiceRecord worker, parts_.cluster.Worker(request->name(), deadline));
    if (request->validate_only()) return Audit();
    rollout::v1::UndrainWorkerResponse undrained;
    COHORT_RETURN_IF_ERROR(OfService(
        parts_.cluster.Call(worker, &RolloutService::Stub::UndrainWorker, rollout::v1::UndrainWorkerRequest(), &undrained, deadline, kNewRollout), worker));
    return Audit{worker.name(), "undrain"};
  });
}

grpc::Status AdminServiceImpl::ScaleWorkers(grpc::ServerContext* context, const v1::ScaleWorkersRequest* request, v1::ScaleWorkersResponse* response) {
  return acts_.Run(*context, "ScaleWorkers", *request, response, [&](const Caller& caller, absl::Time deadline) -> absl::StatusOr<Audit> {
    if (request->replicas() < 0 || request->replicas() > kMostWorkers) {
      return absl::InvalidArgumentError(absl::StrCat("replicas: ", request->replicas(), " is not between 0 and ", kMostWorkers));
    }
    COHORT_ASSIGN_OR_RETURN(const std::vector<ServiceRecord> services, parts_.cluster.Services(deadline));
    Scaler& scaler = parts_.cluster.scaler();
    COHORT_RETURN_IF_ERROR(scaler.Check(services));
    COHORT_ASSIGN_OR_RETURN(const std::optional<int> wanted, scaler.Wanted(deadline));
    const int before = wanted.value_or(0);
    COHORT_RETURN_IF_ERROR(scaler.Scale(request->replicas(), request->validate_only(), deadline));
    if (request->validate_only()) return Audit();
    v1::Operation operation;
    operation.set_kind(v1::OPERATION_KIND_SCALE_WORKERS);
    operation.set_target(request->replicas());
    COHORT_ASSIGN_OR_RETURN(*response->mutable_operation(), parts_.operations.Begin(std::move(operation), caller.name, request->request_id(), deadline));
    return Audit{"rollout workers", absl::StrCat("scale from ", before, " to ", request->replicas())};
  });
}

grpc::Status AdminServiceImpl::CancelOperation(grpc::ServerContext* context, const v1::CancelOperationRequest* request,
                                               v1::CancelOperationResponse* response) {
  return acts_.Run(*context, "CancelOperation", *request, response, [&](const Caller& caller, absl::Time deadline) -> absl::StatusOr<Audit> {
    COHORT_ASSIGN_OR_RETURN(const v1::Operation stored, parts_.operations.Get(request->name(), deadline));
    COHORT_ASSIGN_OR_RETURN(const v1::Operation operation, Refreshed(stored, deadline));
    if (operation.state() != v1::OPERATION_STATE_RUNNING) {
      return ErrorWithReason(absl::StatusCode::kFailedPrecondition, "OPERATION_ENDED", absl::StrCat(operation.name(), " has ended: ", operation.message()));
    }
    const bool drain = operation.kind() == v1::OPERATION_KIND_DRAIN_WORKER && operation.target() == 0;
    if (!drain && operation.kind() != v1::OPERATION_KIND_SCALE_WORKERS) {
      return ErrorWithReason(absl::StatusCode::kFailedPrecondition, "NOT_CANCELLABLE",
                             absl::StrCat(operation.name(), " cannot be taken back: what was ordered will happen"));
    }
    if (request->validate_only()) return Audit();
    v1::Operation after = operation;
    after.set_state(v1::OPERATION_STATE_CANCELLED);
    after.set_ended_at_ms(absl::ToUnixMillis(absl::Now()));
    if (drain) {
      COHORT_ASSIGN_OR_RETURN(const ServiceRecord worker, parts_.cluster.Worker(operation.subject(), deadline));
      rollout::v1::UndrainWorkerResponse undrained;
      COHORT_RETURN_IF_ERROR(OfService(
          parts_.cluster.Call(worker, &RolloutService::Stub::UndrainWorker, rollout::v1::UndrainWorkerRequest(), &undrained, deadline, kNewRollout), worker));
      after.set_message("cancelled: the worker leases again");
    } else {
      COHORT_ASSIGN_OR_RETURN(const std::vector<ServiceRecord> services, parts_.cluster.Services(deadline));
      const auto workers = std::count_if(services.begin(), services.end(),
                                         [](const ServiceRecord& service) { return service.role() == registry::v1::SERVICE_ROLE_ROLLOUT; });
      COHORT_RETURN_IF_ERROR(parts_.cluster.scaler().Scale(static_cast<int>(workers), /*validate_only=*/false, deadline));
      after.set_message(absl::StrCat("cancelled: the ", workers, " workers that there were stay"));
    }
    COHORT_ASSIGN_OR_RETURN(*response->mutable_operation(), parts_.operations.Replace(stored, after, deadline));
    if (response->operation().state() != v1::OPERATION_STATE_CANCELLED) {
      return absl::AbortedError(absl::StrCat(operation.name(), " has changed meanwhile: ", response->operation().message(), "; ask again"));
    }
    return Audit{operation.name(), absl::StrCat("cancelled by ", caller.name)};
  });
}

}  // namespace cohort::admin

// The calls of AdminService that order something of the learner.
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "proto/cohort/learner/v1/control_service.grpc.pb.h"
#include "services/admin/server/admin_service.h"

namespace cohort::admin {
namespace {

using learner::v1::ControlService;

const auto kNewControl = [](const auto& channel) { return ControlService::NewStub(channel); };

// The step that a checkpoint's name speaks of.
absl::StatusOr<int64_t> StepOf(const std::string& checkpoint) {
  int64_t step = 0;
  if (checkpoint == "initial") return step;
  absl::string_view digits = checkpoint;
  if (absl::ConsumePrefix(&digits, "step-") && absl::SimpleAtoi(digits, &step) && step > 0) return step;
  return ErrorWithReason(absl::StatusCode::kNotFound, "NO_CHECKPOINT",
                         absl::StrCat("checkpoint: '", checkpoint, "' is no name of a checkpoint (step-000025, initial); `cohort checkpoint list` shows them"));
}

}  // namespace

grpc::Status AdminServiceImpl::PauseRun(grpc::ServerContext* context, const v1::PauseRunRequest* request, v1::PauseRunResponse* response) {
  return acts_.Run(*context, "PauseRun", *request, response, [&](const Caller& caller, absl::Time deadline) -> absl::StatusOr<Audit> {
    COHORT_ASSIGN_OR_RETURN(const ServiceRecord learner, parts_.cluster.Learner(deadline));
    learner::v1::PauseRunRequest pause;
    pause.set_reason(request->reason().empty() ? absl::StrCat("paused by ", caller.name) : request->reason());
    pause.set_validate_only(request->validate_only());
    learner::v1::PauseRunResponse paused;
    COHORT_RETURN_IF_ERROR(OfLearner(parts_.cluster.Call(learner, &ControlService::Stub::PauseRun, pause, &paused, deadline, kNewControl)));
    return Audit{parts_.cluster.run(), absl::StrCat("pause: ", pause.reason())};
  });
}

grpc::Status AdminServiceImpl::ResumeRun(grpc::ServerContext* context, const v1::ResumeRunRequest* request, v1::ResumeRunResponse* response) {
  return acts_.Run(*context, "ResumeRun", *request, response, [&](const Caller&, absl::Time deadline) -> absl::StatusOr<Audit> {
    COHORT_ASSIGN_OR_RETURN(const ServiceRecord learner, parts_.cluster.Learner(deadline));
    learner::v1::ResumeRunRequest resume;
    resume.set_validate_only(request->validate_only());
    learner::v1::ResumeRunResponse resumed;
    COHORT_RETURN_IF_ERROR(OfLearner(parts_.cluster.Call(learner, &ControlService::Stub::ResumeRun, resume, &resumed, deadline, kNewControl)));
    return Audit{parts_.cluster.run(), "resume"};
  });
}

grpc::Status AdminServiceImpl::CreateCheckpoint(grpc::ServerContext* context, const v1::CreateCheckpointRequest* request,
                                                v1::CreateCheckpointResponse* response) {
  return acts_.Run(*context, "CreateCheckpoint", *request, response, [&](const Caller& caller, absl::Time deadline) -> absl::StatusOr<Audit> {
    COHORT_ASSIGN_OR_RETURN(const ServiceRecord learner, parts_.cluster.Learner(deadline));
    COHORT_ASSIGN_OR_RETURN(const learner::v1::GetControlResponse control, parts_.cluster.Control(learner, deadline));
    learner::v1::RequestCheckpointRequest ask;
    ask.set_validate_only(request->validate_only());
    learner::v1::RequestCheckpointResponse ordered;
    COHORT_RETURN_IF_ERROR(OfLearner(parts_.cluster.Call(learner, &ControlService::Stub::RequestCheckpoint, ask, &ordered, deadline, kNewControl)));
    if (request->validate_only()) return Audit();
    v1::Operation operation;
    operation.set_kind(v1::OPERATION_KIND_CREATE_CHECKPOINT);
    operation.set_target(ordered.step());
    operation.set_incarnation(control.incarnation());
    COHORT_ASSIGN_OR_RETURN(*response->mutable_operation(), parts_.operations.Begin(std::move(operation), caller.name, request->request_id(), deadline));
    return Audit{parts_.cluster.run(), absl::StrCat("checkpoint of step ", ordered.step())};
  });
}

grpc::Status AdminServiceImpl::RollbackPolicy(grpc::ServerContext* context, const v1::RollbackPolicyRequest* request, v1::RollbackPolicyResponse* response) {
  return acts_.Run(*context, "RollbackPolicy", *request, response, [&](const Caller& caller, absl::Time deadline) -> absl::StatusOr<Audit> {
    COHORT_ASSIGN_OR_RETURN(const int64_t step, StepOf(request->checkpoint()));
    COHORT_ASSIGN_OR_RETURN(const ServiceRecord learner, parts_.cluster.Learner(deadline));
    learner::v1::RollbackPolicyRequest ask;
    ask.set_step(step);
    ask.set_validate_only(request->validate_only());
    learner::v1::RollbackPolicyResponse ordered;
    COHORT_RETURN_IF_ERROR(OfLearner(parts_.cluster.Call(learner, &ControlService::Stub::RollbackPolicy, ask, &ordered, deadline, kNewControl)));
    if (request->validate_only()) return Audit();
    v1::Operation operation;
    operation.set_kind(v1::OPERATION_KIND_ROLLBACK_POLICY);
    operation.set_subject(request->checkpoint());
    operation.set_target(step);
    operation.set_incarnation(ordered.incarnation());
    COHORT_ASSIGN_OR_RETURN(*response->mutable_operation(), parts_.operations.Begin(std::move(operation), caller.name, request->request_id(), deadline));
    return Audit{parts_.cluster.run(), absl::StrCat("roll back to ", request->checkpoint())};
  });
}

grpc::Status AdminServiceImpl::SetStalenessBound(grpc::ServerContext* context, const v1::SetStalenessBoundRequest* request,
                                                 v1::SetStalenessBoundResponse* response) {
  return acts_.Run(*context, "SetStalenessBound", *request, response, [&](const Caller& caller, absl::Time deadline) -> absl::StatusOr<Audit> {
    COHORT_ASSIGN_OR_RETURN(const ServiceRecord learner, parts_.cluster.Learner(deadline));
    learner::v1::SetStalenessBoundRequest ask;
    ask.set_max_staleness(request->max_staleness());
    ask.set_validate_only(request->validate_only());
    learner::v1::SetStalenessBoundResponse set;
    COHORT_RETURN_IF_ERROR(OfLearner(parts_.cluster.Call(learner, &ControlService::Stub::SetStalenessBound, ask, &set, deadline, kNewControl)));
    response->set_previous(set.previous());
    if (request->validate_only()) return Audit();
    v1::Operation operation;
    operation.set_kind(v1::OPERATION_KIND_SET_STALENESS_BOUND);
    operation.set_target(request->max_staleness());
    COHORT_ASSIGN_OR_RETURN(*response->mutable_operation(), parts_.operations.Begin(std::move(operation), caller.name, request->request_id(), deadline));
    return Audit{parts_.cluster.run(), absl::StrCat("staleness bound from ", set.previous(), " to ", request->max_staleness())};
  });
}

grpc::Status AdminServiceImpl::SetLearningRate(grpc::ServerContext* context, const v1::SetLearningRateRequest* request,
                                               v1::SetLearningRateResponse* response) {
  return acts_.Run(*context, "SetLearningRate", *request, response, [&](const Caller&, absl::Time deadline) -> absl::StatusOr<Audit> {
    COHORT_ASSIGN_OR_RETURN(const ServiceRecord learner, parts_.cluster.Learner(deadline));
    learner::v1::SetLearningRateRequest ask;
    ask.set_learning_rate(request->learning_rate());
    ask.set_validate_only(request->validate_only());
    learner::v1::SetLearningRateResponse set;
    COHORT_RETURN_IF_ERROR(OfLearner(parts_.cluster.Call(learner, &ControlService::Stub::SetLearningRate, ask, &set, deadline, kNewControl)));
    response->set_previous(set.previous());
    response->set_from_step(set.from_step());
    return Audit{parts_.cluster.run(),
                 absl::StrFormat("learning rate from %g to %g, from step %d on", set.previous(), request->learning_rate(), set.from_step())};
  });
}

}  // namespace cohort::admin

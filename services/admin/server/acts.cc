// The calls of AdminService that change something.
#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "common/log/log.h"
#include "common/rpc/call_trace.h"
#include "common/rpc/status.h"
#include "common/rpc/log_service.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "proto/cohort/common/v1/log_service.grpc.pb.h"
#include "proto/cohort/learner/v1/control_service.grpc.pb.h"
#include "proto/cohort/rollout/v1/rollout_service.grpc.pb.h"
#include "services/admin/server/admin_service.h"

namespace cohort::admin {
namespace {

using common::v1::LogService;
using learner::v1::ControlService;
using rollout::v1::RolloutService;

constexpr absl::Duration kActTimeout = absl::Seconds(10);
constexpr int kMostWorkers = 256;
constexpr int kBatch = 500;  // Dead letters per call to Redis.
// Beyond its grace period, what a worker may take to leave.
constexpr double kLeavingSeconds = 30;

const auto kNewControl = [](const auto& channel) { return ControlService::NewStub(channel); };
const auto kNewRollout = [](const auto& channel) { return RolloutService::NewStub(channel); };
const auto kNewLog = [](const auto& channel) { return LogService::NewStub(channel); };

absl::Status OfService(const absl::Status& status, const ServiceRecord& service) {
  return status.ok() ? status : Annotate(status, absl::StrCat(service.name(), " at ", service.endpoint()));
}

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

absl::Status AdminServiceImpl::ActOnce(grpc::ServerContext& context, const std::string& request_id, const std::string& content, bool validate_only,
                                       std::string* answer,
                                       const std::function<absl::StatusOr<Audit>(const Caller& caller, absl::Time deadline)>& work,
                                       const std::function<std::string()>& serialise) {
  const rpc::TraceScope scope(rpc::TraceOf(context));
  COHORT_ASSIGN_OR_RETURN(const Caller caller, parts_.access.Check(context, Role::kOperator));
  COHORT_RETURN_IF_ERROR(CheckRequestId(request_id));
  const absl::Time deadline = std::min(absl::FromChrono(context.deadline()), absl::Now() + kActTimeout);
  const bool remembered = !request_id.empty() && !validate_only;
  if (remembered) {
    COHORT_ASSIGN_OR_RETURN(const RequestLog::Known known, parts_.requests.Begin(request_id, content, deadline));
    if (known.done) {
      *answer = known.answer;
      return absl::OkStatus();
    }
  }
  const absl::StatusOr<Audit> audit = work(caller, deadline);
  if (!audit.ok()) {
    const absl::Status forgotten = remembered ? parts_.requests.Forget(request_id, absl::Now() + absl::Seconds(1)) : absl::OkStatus();
    if (!forgotten.ok()) COHORT_LOG(WARNING) << "request " << request_id << " stands as begun: " << forgotten.message() << rpc::CurrentTraceTag();
    return audit.status();
  }
  *answer = serialise();
  if (validate_only) return absl::OkStatus();
  // It is done: what goes wrong from here on must not make the caller believe that it was not.
  if (remembered) {
    const absl::Status finished = parts_.requests.Finish(request_id, *answer, absl::Now() + absl::Seconds(1));
    if (!finished.ok()) COHORT_LOG(WARNING) << "request " << request_id << " may be done again when it is repeated: " << finished.message() << rpc::CurrentTraceTag();
  }
  WriteAudit(caller, request_id, *audit, absl::Now() + absl::Seconds(1));
  return absl::OkStatus();
}

template <typename Request, typename Response>
grpc::Status AdminServiceImpl::Act(grpc::ServerContext& context, absl::string_view method, const Request& request, Response* response,
                                   const std::function<absl::StatusOr<Audit>(const Caller& caller, absl::Time deadline)>& work) {
  Request content = request;
  content.clear_request_id();
  std::string answer;
  const absl::Status status = ActOnce(context, request.request_id(), absl::StrCat(method, "\n", content.SerializeAsString()), request.validate_only(), &answer,
                                      work, [response] { return response->SerializeAsString(); });
  if (!status.ok()) return rpc::ToGrpc(status);
  if (!response->ParseFromString(answer)) return rpc::ToGrpc(absl::DataLossError("the remembered answer cannot be read"));
  return grpc::Status::OK;
}

void AdminServiceImpl::WriteAudit(const Caller& caller, const std::string& request_id, const Audit& audit, absl::Time deadline) {
  registry::v1::Event event;
  event.set_kind(registry::v1::EVENT_KIND_AUDIT);
  event.set_subject(audit.subject);
  event.set_actor(caller.name);
  event.set_message(audit.message);
  event.set_request_id(request_id);
  if (const auto trace = rpc::CurrentTrace(); trace.has_value()) event.set_trace_id(trace->TraceId());
  COHORT_LOG(INFO) << caller.name << ": " << audit.subject << ": " << audit.message << (request_id.empty() ? "" : " request=") << request_id
                   << rpc::CurrentTraceTag();
  const absl::StatusOr<int64_t> written = parts_.cluster.registry().Append(event, deadline);
  if (!written.ok()) COHORT_LOG(ERROR) << "the event log may lack the entry above: " << written.status().message();
}

absl::StatusOr<v1::Operation> AdminServiceImpl::Begin(v1::Operation operation, const Caller& caller, const std::string& request_id, absl::Time deadline) {
  operation.set_state(v1::OPERATION_STATE_RUNNING);
  operation.set_actor(caller.name);
  operation.set_request_id(request_id);
  operation.set_created_at_ms(absl::ToUnixMillis(absl::Now()));
  return parts_.operations.Create(std::move(operation), deadline);
}

grpc::Status AdminServiceImpl::DrainWorker(grpc::ServerContext* context, const v1::DrainWorkerRequest* request, v1::DrainWorkerResponse* response) {
  return Act(*context, "DrainWorker", *request, response, [&](const Caller& caller, absl::Time deadline) -> absl::StatusOr<Audit> {
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
    COHORT_ASSIGN_OR_RETURN(*response->mutable_operation(), Begin(std::move(operation), caller, request->request_id(), deadline));
    return Audit{worker.name(), absl::StrCat(request->exit() ? "drain and end" : "drain", ": ", drain.reason())};
  });
}

grpc::Status AdminServiceImpl::UndrainWorker(grpc::ServerContext* context, const v1::UndrainWorkerRequest* request, v1::UndrainWorkerResponse* response) {
  return Act(*context, "UndrainWorker", *request, response, [&](const Caller&, absl::Time deadline) -> absl::StatusOr<Audit> {
    COHORT_ASSIGN_OR_RETURN(const ServiceRecord worker, parts_.cluster.Worker(request->name(), deadline));
    if (request->validate_only()) return Audit();
    rollout::v1::UndrainWorkerResponse undrained;
    COHORT_RETURN_IF_ERROR(OfService(
        parts_.cluster.Call(worker, &RolloutService::Stub::UndrainWorker, rollout::v1::UndrainWorkerRequest(), &undrained, deadline, kNewRollout), worker));
    return Audit{worker.name(), "undrain"};
  });
}

grpc::Status AdminServiceImpl::ScaleWorkers(grpc::ServerContext* context, const v1::ScaleWorkersRequest* request, v1::ScaleWorkersResponse* response) {
  return Act(*context, "ScaleWorkers", *request, response, [&](const Caller& caller, absl::Time deadline) -> absl::StatusOr<Audit> {
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
    COHORT_ASSIGN_OR_RETURN(*response->mutable_operation(), Begin(std::move(operation), caller, request->request_id(), deadline));
    return Audit{"rollout workers", absl::StrCat("scale from ", before, " to ", request->replicas())};
  });
}

grpc::Status AdminServiceImpl::PauseRun(grpc::ServerContext* context, const v1::PauseRunRequest* request, v1::PauseRunResponse* response) {
  return Act(*context, "PauseRun", *request, response, [&](const Caller& caller, absl::Time deadline) -> absl::StatusOr<Audit> {
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
  return Act(*context, "ResumeRun", *request, response, [&](const Caller&, absl::Time deadline) -> absl::StatusOr<Audit> {
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
  return Act(*context, "CreateCheckpoint", *request, response, [&](const Caller& caller, absl::Time deadline) -> absl::StatusOr<Audit> {
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
    COHORT_ASSIGN_OR_RETURN(*response->mutable_operation(), Begin(std::move(operation), caller, request->request_id(), deadline));
    return Audit{parts_.cluster.run(), absl::StrCat("checkpoint of step ", ordered.step())};
  });
}

grpc::Status AdminServiceImpl::RollbackPolicy(grpc::ServerContext* context, const v1::RollbackPolicyRequest* request, v1::RollbackPolicyResponse* response) {
  return Act(*context, "RollbackPolicy", *request, response, [&](const Caller& caller, absl::Time deadline) -> absl::StatusOr<Audit> {
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
    COHORT_ASSIGN_OR_RETURN(*response->mutable_operation(), Begin(std::move(operation), caller, request->request_id(), deadline));
    return Audit{parts_.cluster.run(), absl::StrCat("roll back to ", request->checkpoint())};
  });
}

grpc::Status AdminServiceImpl::SetStalenessBound(grpc::ServerContext* context, const v1::SetStalenessBoundRequest* request,
                                                 v1::SetStalenessBoundResponse* response) {
  return Act(*context, "SetStalenessBound", *request, response, [&](const Caller& caller, absl::Time deadline) -> absl::StatusOr<Audit> {
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
    COHORT_ASSIGN_OR_RETURN(*response->mutable_operation(), Begin(std::move(operation), caller, request->request_id(), deadline));
    return Audit{parts_.cluster.run(), absl::StrCat("staleness bound from ", set.previous(), " to ", request->max_staleness())};
  });
}

grpc::Status AdminServiceImpl::SetLearningRate(grpc::ServerContext* context, const v1::SetLearningRateRequest* request,
                                               v1::SetLearningRateResponse* response) {
  return Act(*context, "SetLearningRate", *request, response, [&](const Caller&, absl::Time deadline) -> absl::StatusOr<Audit> {
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

absl::StatusOr<std::vector<queue::DeadEntry>> AdminServiceImpl::Letters(const google::protobuf::RepeatedPtrField<std::string>& names, bool all,
                                                                        absl::Time deadline) {
  if (all == !names.empty()) return absl::InvalidArgumentError("names, all: give either names or all");
  std::vector<queue::DeadEntry> letters;
  for (const std::string& name : names) {
    auto letter = parts_.queue.inspector().DeadLetter(name, deadline);
    if (!letter.ok()) return OfRedis(letter.status());
    letters.push_back(*std::move(letter));
  }
  while (all) {
    auto page = parts_.queue.inspector().DeadLetters(letters.empty() ? "" : letters.back().id, kBatch, deadline);
    if (!page.ok()) return OfRedis(page.status());
    if (page->empty()) break;
    letters.insert(letters.end(), std::make_move_iterator(page->begin()), std::make_move_iterator(page->end()));
  }
  return letters;
}

grpc::Status AdminServiceImpl::RequeueDeadLetters(grpc::ServerContext* context, const v1::RequeueDeadLettersRequest* request,
                                                  v1::RequeueDeadLettersResponse* response) {
  return Act(*context, "RequeueDeadLetters", *request, response, [&](const Caller&, absl::Time deadline) -> absl::StatusOr<Audit> {
    COHORT_ASSIGN_OR_RETURN(const std::vector<queue::DeadEntry> letters, Letters(request->names(), request->all(), deadline));
    const absl::StatusOr<queue::QueueCounters> counters = parts_.queue.inspector().Look(deadline);
    if (!counters.ok()) return OfRedis(counters.status());
    std::vector<queue::DeadEntry> current;
    for (const queue::DeadEntry& letter : letters) {
      if (letter.letter.task().incarnation() == counters->stats.incarnation) current.push_back(letter);
    }
    response->set_outdated(static_cast<int64_t>(letters.size() - current.size()));
    int64_t requeued = request->validate_only() ? static_cast<int64_t>(current.size()) : 0;
    for (size_t begin = 0; begin < current.size() && !request->validate_only(); begin += kBatch) {
      const size_t end = std::min(current.size(), begin + kBatch);
      const absl::StatusOr<int64_t> moved = parts_.queue.inspector().Requeue({current.begin() + begin, current.begin() + end}, deadline);
      if (!moved.ok()) return OfRedis(moved.status());
      requeued += *moved;
    }
    response->set_requeued(requeued);
    return Audit{"dead letters", absl::StrCat("requeue ", requeued, ", ", response->outdated(), " outdated ones stay")};
  });
}

grpc::Status AdminServiceImpl::PurgeDeadLetters(grpc::ServerContext* context, const v1::PurgeDeadLettersRequest* request,
                                                v1::PurgeDeadLettersResponse* response) {
  return Act(*context, "PurgeDeadLetters", *request, response, [&](const Caller&, absl::Time deadline) -> absl::StatusOr<Audit> {
    COHORT_ASSIGN_OR_RETURN(const std::vector<queue::DeadEntry> letters, Letters(request->names(), request->all(), deadline));
    int64_t purged = request->validate_only() ? static_cast<int64_t>(letters.size()) : 0;
    for (size_t begin = 0; begin < letters.size() && !request->validate_only(); begin += kBatch) {
      const size_t end = std::min(letters.size(), begin + kBatch);
      const absl::StatusOr<int64_t> gone = parts_.queue.inspector().Purge({letters.begin() + begin, letters.begin() + end}, deadline);
      if (!gone.ok()) return OfRedis(gone.status());
      purged += *gone;
    }
    response->set_purged(purged);
    return Audit{"dead letters", absl::StrCat("purge ", purged)};
  });
}

grpc::Status AdminServiceImpl::SetLogLevel(grpc::ServerContext* context, const v1::SetLogLevelRequest* request, v1::SetLogLevelResponse* response) {
  return Act(*context, "SetLogLevel", *request, response, [&](const Caller&, absl::Time deadline) -> absl::StatusOr<Audit> {
    if (request->level() < common::v1::LOG_LEVEL_INFO || request->level() > common::v1::LOG_LEVEL_ERROR) {
      return absl::InvalidArgumentError("level: INFO, WARNING or ERROR is needed");
    }
    COHORT_ASSIGN_OR_RETURN(const ServiceRecord service, parts_.cluster.Service(request->service(), deadline));
    if (service.endpoint().empty()) return absl::FailedPreconditionError(absl::StrCat(service.name(), " takes no calls"));
    if (request->validate_only()) return Audit();
    common::v1::SetLogLevelRequest ask;
    ask.set_level(request->level());
    common::v1::SetLogLevelResponse set;
    if (service.name() == parts_.name) {
      COHORT_RETURN_IF_ERROR(rpc::FromGrpc(rpc::LogServiceImpl().SetLogLevel(nullptr, &ask, &set)));
    } else {
      COHORT_RETURN_IF_ERROR(OfService(parts_.cluster.Call(service, &LogService::Stub::SetLogLevel, ask, &set, deadline, kNewLog), service));
    }
    response->set_previous(set.previous());
    return Audit{service.name(), absl::StrCat("log level from ", common::v1::LogLevel_Name(set.previous()), " to ", common::v1::LogLevel_Name(ask.level()))};
  });
}

grpc::Status AdminServiceImpl::CancelOperation(grpc::ServerContext* context, const v1::CancelOperationRequest* request,
                                               v1::CancelOperationResponse* response) {
  return Act(*context, "CancelOperation", *request, response, [&](const Caller& caller, absl::Time deadline) -> absl::StatusOr<Audit> {
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

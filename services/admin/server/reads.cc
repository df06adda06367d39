// The calls of AdminService that only look.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rpc/call_trace.h"
#include "common/rpc/status.h"
#include "common/status/status_macros.h"
#include "proto/cohort/learner/v1/control_service.grpc.pb.h"
#include "services/admin/cluster/listing.h"
#include "services/admin/cluster/overview.h"
#include "services/admin/cluster/redact.h"
#include "services/admin/diagnosis/diagnosis.h"
#include "services/admin/http/http_call.h"
#include "services/admin/server/admin_service.h"

namespace cohort::admin {
namespace {

using learner::v1::ControlService;

constexpr absl::Duration kReadTimeout = absl::Seconds(5);
constexpr int kDefaultSteps = 1000;
constexpr int kMostSteps = 10000;
constexpr int kMostSamples = 256;

const auto kNewControl = [](const auto& channel) { return ControlService::NewStub(channel); };

bool IsWorker(const ServiceRecord& service) { return service.role() == registry::v1::SERVICE_ROLE_ROLLOUT; }

v1::DeadLetter Describe(const queue::DeadEntry& entry) {
  v1::DeadLetter letter;
  letter.set_name(entry.id);
  letter.set_group_id(entry.letter.task().group_id());
  letter.set_incarnation(entry.letter.task().incarnation());
  letter.set_step(entry.letter.task().step());
  letter.set_slot(entry.letter.task().slot());
  letter.set_reason(entry.letter.reason());
  letter.set_attempts(entry.letter.attempts());
  letter.set_last_worker(entry.letter.last_worker());
  letter.set_died_at_ms(entry.letter.died_at_ms());
  letter.set_trace_id(rpc::TraceIdOf(entry.letter.task().traceparent()));
  return letter;
}

}  // namespace

grpc::Status AdminServiceImpl::Read(grpc::ServerContext& context, const std::function<absl::Status(absl::Time deadline)>& read) {
  const rpc::TraceScope scope(rpc::TraceOf(context));
  const absl::StatusOr<Caller> caller = parts_.access.Check(context, Role::kViewer);
  if (!caller.ok()) return rpc::ToGrpc(caller.status());
  return rpc::ToGrpc(read(std::min(absl::FromChrono(context.deadline()), absl::Now() + kReadTimeout)));
}

grpc::Status AdminServiceImpl::GetClusterStatus(grpc::ServerContext* context, const v1::GetClusterStatusRequest*, v1::GetClusterStatusResponse* response) {
  return Read(*context, [&](absl::Time deadline) -> absl::Status {
    COHORT_ASSIGN_OR_RETURN(const ClusterFacts facts, GatherFacts(parts_.cluster, parts_.queue, deadline));
    *response->mutable_status() = BuildStatus(facts);
    return absl::OkStatus();
  });
}

grpc::Status AdminServiceImpl::ListWorkers(grpc::ServerContext* context, const v1::ListWorkersRequest* request, v1::ListWorkersResponse* response) {
  return Read(*context, [&](absl::Time deadline) -> absl::Status {
    COHORT_ASSIGN_OR_RETURN(const ServiceFilter filter, ServiceFilter::Parse(request->filter()));
    COHORT_ASSIGN_OR_RETURN(const int page_size, PageSize(request->page_size()));
    const std::string question = absl::StrCat("workers:", request->filter());
    COHORT_ASSIGN_OR_RETURN(const std::string after, ReadPageToken(question, request->page_token()));
    COHORT_ASSIGN_OR_RETURN(const std::vector<ServiceRecord> services, parts_.cluster.Services(deadline));
    int matching = 0, filtered = 0;
    bool more = false;
    for (const ServiceRecord& service : services) {
      if (!IsWorker(service)) continue;
      if (!filter.Matches(service)) {
        ++filtered;
        continue;
      }
      ++matching;
      if (service.name() <= after) continue;
      if (response->workers_size() == page_size) {
        more = true;
        continue;
      }
      *response->add_workers() = DescribeWorker(service);
    }
    response->set_total_size(matching);
    response->set_num_filtered(filtered);
    if (more) response->set_next_page_token(MakePageToken(question, response->workers(page_size - 1).name()));
    return absl::OkStatus();
  });
}

grpc::Status AdminServiceImpl::GetWorker(grpc::ServerContext* context, const v1::GetWorkerRequest* request, v1::GetWorkerResponse* response) {
  return Read(*context, [&](absl::Time deadline) -> absl::Status {
    COHORT_ASSIGN_OR_RETURN(const ServiceRecord service, parts_.cluster.Worker(request->name(), deadline));
    *response->mutable_worker() = DescribeWorker(service);
    return absl::OkStatus();
  });
}

grpc::Status AdminServiceImpl::ListServices(grpc::ServerContext* context, const v1::ListServicesRequest*, v1::ListServicesResponse* response) {
  return Read(*context, [&](absl::Time deadline) -> absl::Status {
    COHORT_ASSIGN_OR_RETURN(const std::vector<ServiceRecord> services, parts_.cluster.Services(deadline));
    for (const ServiceRecord& service : services) *response->add_services() = service;
    return absl::OkStatus();
  });
}

grpc::Status AdminServiceImpl::GetQueue(grpc::ServerContext* context, const v1::GetQueueRequest*, v1::GetQueueResponse* response) {
  return Read(*context, [&](absl::Time deadline) -> absl::Status {
    COHORT_ASSIGN_OR_RETURN(*response->mutable_queue(), parts_.queue.Now(deadline));
    return absl::OkStatus();
  });
}

grpc::Status AdminServiceImpl::ListDeadLetters(grpc::ServerContext* context, const v1::ListDeadLettersRequest* request,
                                               v1::ListDeadLettersResponse* response) {
  return Read(*context, [&](absl::Time deadline) -> absl::Status {
    COHORT_ASSIGN_OR_RETURN(const int page_size, PageSize(request->page_size()));
    COHORT_ASSIGN_OR_RETURN(const std::string after, ReadPageToken("dead", request->page_token()));
    const absl::StatusOr<queue::QueueCounters> counters = parts_.queue.inspector().Look(deadline);
    if (!counters.ok()) return OfRedis(counters.status());
    response->set_total_size(counters->stats.dead_letters);
    const auto letters = parts_.queue.inspector().DeadLetters(after, page_size + 1, deadline);
    if (!letters.ok()) return OfRedis(letters.status());
    for (int i = 0; i < std::min<int>(page_size, static_cast<int>(letters->size())); ++i) *response->add_dead_letters() = Describe((*letters)[i]);
    if (static_cast<int>(letters->size()) > page_size) response->set_next_page_token(MakePageToken("dead", (*letters)[page_size - 1].id));
    return absl::OkStatus();
  });
}

grpc::Status AdminServiceImpl::ListCheckpoints(grpc::ServerContext* context, const v1::ListCheckpointsRequest*, v1::ListCheckpointsResponse* response) {
  return Read(*context, [&](absl::Time deadline) -> absl::Status {
    COHORT_ASSIGN_OR_RETURN(const ServiceRecord learner, parts_.cluster.Learner(deadline));
    COHORT_ASSIGN_OR_RETURN(const auto checkpoints, parts_.cluster.Checkpoints(learner, deadline));
    for (const auto& checkpoint : checkpoints) *response->add_checkpoints() = checkpoint;
    return absl::OkStatus();
  });
}

grpc::Status AdminServiceImpl::GetConfig(grpc::ServerContext* context, const v1::GetConfigRequest*, v1::GetConfigResponse* response) {
  return Read(*context, [&](absl::Time deadline) -> absl::Status {
    COHORT_ASSIGN_OR_RETURN(const ServiceRecord learner, parts_.cluster.Learner(deadline));
    learner::v1::GetConfigResponse config;
    COHORT_RETURN_IF_ERROR(OfLearner(
        parts_.cluster.Call(learner, &ControlService::Stub::GetConfig, learner::v1::GetConfigRequest(), &config, deadline, kNewControl)));
    response->set_yaml(Redact(config.yaml()));
    return absl::OkStatus();
  });
}

grpc::Status AdminServiceImpl::ListSamples(grpc::ServerContext* context, const v1::ListSamplesRequest* request, v1::ListSamplesResponse* response) {
  return Read(*context, [&](absl::Time deadline) -> absl::Status {
    if (request->limit() < 0 || request->limit() > kMostSamples) {
      return absl::InvalidArgumentError(absl::StrCat("limit: ", request->limit(), " is not between 0 and ", kMostSamples));
    }
    COHORT_ASSIGN_OR_RETURN(const ServiceRecord learner, parts_.cluster.Learner(deadline));
    learner::v1::ListSamplesRequest asked;
    asked.set_limit(request->limit());
    learner::v1::ListSamplesResponse samples;
    COHORT_RETURN_IF_ERROR(
        OfLearner(parts_.cluster.Call(learner, &ControlService::Stub::ListSamples, asked, &samples, deadline, kNewControl)));
    for (const auto& sample : samples.samples()) *response->add_samples() = sample;
    return absl::OkStatus();
  });
}

grpc::Status AdminServiceImpl::ListSteps(grpc::ServerContext* context, const v1::ListStepsRequest* request, v1::ListStepsResponse* response) {
  return Read(*context, [&](absl::Time deadline) -> absl::Status {
    if (request->limit() < 0 || request->limit() > kMostSteps) {
      return absl::InvalidArgumentError(absl::StrCat("limit: ", request->limit(), " is not between 0 and ", kMostSteps));
    }
    COHORT_ASSIGN_OR_RETURN(const auto steps, ReadSteps(parts_.cluster, request->from_step(), request->limit() == 0 ? kDefaultSteps : request->limit(), deadline));
    for (const auto& step : steps) *response->add_steps() = step;
    return absl::OkStatus();
  });
}

grpc::Status AdminServiceImpl::GetMetrics(grpc::ServerContext* context, const v1::GetMetricsRequest* request, v1::GetMetricsResponse* response) {
  return Read(*context, [&](absl::Time deadline) -> absl::Status {
    ServiceRecord service;
    if (request->service().empty()) {
      COHORT_ASSIGN_OR_RETURN(service, parts_.cluster.Learner(deadline));
    } else {
      COHORT_ASSIGN_OR_RETURN(service, parts_.cluster.Service(request->service(), deadline));
    }
    if (service.metrics_endpoint().empty()) return absl::FailedPreconditionError(absl::StrCat(service.name(), " exports no metrics"));
    COHORT_ASSIGN_OR_RETURN(*response->mutable_text(), HttpGet(service.metrics_endpoint(), "/metrics", deadline));
    return absl::OkStatus();
  });
}

grpc::Status AdminServiceImpl::Diagnose(grpc::ServerContext* context, const v1::DiagnoseRequest*, v1::DiagnoseResponse* response) {
  return Read(*context, [&](absl::Time deadline) -> absl::Status {
    const absl::StatusOr<ServerFacts> server = LookAtRedis(parts_.redis, deadline);
    absl::StatusOr<ClusterFacts> facts = server.ok() ? GatherFacts(parts_.cluster, parts_.queue, deadline) : server.status();
    for (v1::Finding& finding : Examine(server, facts)) *response->add_findings() = std::move(finding);
    return absl::OkStatus();
  });
}

}  // namespace cohort::admin

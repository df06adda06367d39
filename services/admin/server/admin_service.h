#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/cohort/admin/v1/admin_service.grpc.pb.h"
#include "services/admin/access/access.h"
#include "services/admin/acts/act_runner.h"
#include "services/admin/acts/operation_progress.h"
#include "services/admin/acts/operations.h"
#include "services/admin/acts/request_log.h"
#include "services/admin/cluster/cluster.h"
#include "services/admin/cluster/queue_rates.h"

namespace cohort::admin {

// The admin API (proto/cohort/admin/v1): each call looks into Redis and asks the services; nothing is remembered between calls. What it asks of them belongs to
// the caller's trace. Thread-safe. Calls that
// wait (WatchEvents, WaitOperation) occupy a thread of the server each, so their number is limited; more get RESOURCE_EXHAUSTED.
class AdminServiceImpl final : public v1::AdminService::Service {
 public:
  // What it works with; everything outlives it.
  struct Parts {
    Cluster& cluster;
    QueueRates& queue;
    RequestLog& requests;
    Operations& operations;
    Access& access;
    std::string redis;  // host:port
    std::string name = "cohort-admin";  // Its own, in the registry.
  };
  explicit AdminServiceImpl(Parts parts) : parts_(std::move(parts)), acts_(parts_.access, parts_.requests, parts_.cluster.registry()) {}

  // Ends the calls that wait.
  void Stop() { stopping_ = true; }

#define COHORT_ADMIN_RPC(name) grpc::Status name(grpc::ServerContext* context, const v1::name##Request* request, v1::name##Response* response) override
  COHORT_ADMIN_RPC(GetClusterStatus);
  COHORT_ADMIN_RPC(ListWorkers);
  COHORT_ADMIN_RPC(GetWorker);
  COHORT_ADMIN_RPC(ListServices);
  COHORT_ADMIN_RPC(GetQueue);
  COHORT_ADMIN_RPC(ListDeadLetters);
  COHORT_ADMIN_RPC(ListCheckpoints);
  COHORT_ADMIN_RPC(GetConfig);
  COHORT_ADMIN_RPC(ListSamples);
  COHORT_ADMIN_RPC(ListSteps);
  COHORT_ADMIN_RPC(GetMetrics);
  COHORT_ADMIN_RPC(Diagnose);
  COHORT_ADMIN_RPC(DrainWorker);
  COHORT_ADMIN_RPC(UndrainWorker);
  COHORT_ADMIN_RPC(ScaleWorkers);
  COHORT_ADMIN_RPC(PauseRun);
  COHORT_ADMIN_RPC(ResumeRun);
  COHORT_ADMIN_RPC(CreateCheckpoint);
  COHORT_ADMIN_RPC(RollbackPolicy);
  COHORT_ADMIN_RPC(SetStalenessBound);
  COHORT_ADMIN_RPC(SetLearningRate);
  COHORT_ADMIN_RPC(RequeueDeadLetters);
  COHORT_ADMIN_RPC(PurgeDeadLetters);
  COHORT_ADMIN_RPC(SetLogLevel);
  COHORT_ADMIN_RPC(GetOperation);
  COHORT_ADMIN_RPC(ListOperations);
  COHORT_ADMIN_RPC(WaitOperation);
  COHORT_ADMIN_RPC(CancelOperation);
#undef COHORT_ADMIN_RPC
  grpc::Status WatchEvents(grpc::ServerContext* context, const v1::WatchEventsRequest* request,
                           grpc::ServerWriter<v1::WatchEventsResponse>* writer) override;

 private:
  // Runs `read` for a caller who may look, with a deadline within the caller's.
  grpc::Status Read(grpc::ServerContext& context, const std::function<absl::Status(absl::Time deadline)>& read);

  // What Advance() needs to know for those of `operations` that run; nothing is asked when none does.
  absl::StatusOr<OperationFacts> FactsFor(const std::vector<v1::Operation>& operations, absl::Time deadline);
  // The operation as it stands now.
  absl::StatusOr<v1::Operation> Refreshed(const v1::Operation& operation, absl::Time deadline);
  absl::StatusOr<v1::Operation> Refresh(const v1::Operation& operation, const OperationFacts& facts, absl::Time deadline);

  // The dead letters of these names, or all.
  absl::StatusOr<std::vector<queue::DeadEntry>> Letters(const google::protobuf::RepeatedPtrField<std::string>& names, bool all, absl::Time deadline);
  absl::Status Stream(grpc::ServerContext& context, const v1::WatchEventsRequest& request, grpc::ServerWriter<v1::WatchEventsResponse>& writer);
  // Runs a call that waits.
  absl::Status Waiting(const std::function<absl::Status()>& call);

  const Parts parts_;
  ActRunner acts_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> waiting_{0};
};

}  // namespace cohort::admin

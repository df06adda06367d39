#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/metrics/metrics.h"
#include "common/registry/service_registry.h"
#include "common/rpc/client.h"
#include "common/rpc/status.h"
#include "grpcpp/channel.h"
#include "proto/cohort/learner/v1/control_service.pb.h"
#include "proto/cohort/learner/v1/run_service.pb.h"
#include "services/admin/cluster/errors.h"
#include "services/admin/scale/scaler.h"

namespace cohort::admin {

// A learner or a scaler that is stopped or swamped must not make a whole answer late.
inline constexpr absl::Duration kLearnerPatience = absl::Seconds(2);
inline constexpr absl::Duration kScalerPatience = absl::Seconds(1);

using registry::v1::ServiceRecord;

// The services of one run, found in the registry at every call; only open channels are remembered. Thread-safe.
class Cluster {
 public:
  // Without `scaler`, workers are scaled through `cohort run`. Calls of services are counted in `metrics`, if there are any, which outlive the cluster.
  Cluster(const std::string& redis, const std::string& run, std::unique_ptr<Scaler> scaler = nullptr, metrics::Registry* metrics = nullptr);

  const std::string& run() const { return run_; }
  registry::ServiceRegistry& registry() { return registry_; }
  Scaler& scaler() { return *scaler_; }

  // All live services, by name. UNAVAILABLE (reason REDIS_UNAVAILABLE).
  absl::StatusOr<std::vector<ServiceRecord>> Services(absl::Time deadline);
  // The live service of this name. NOT_FOUND (reason UNKNOWN_SERVICE).
  absl::StatusOr<ServiceRecord> Service(const std::string& name, absl::Time deadline);
  // The rollout worker of this name. NOT_FOUND (reason UNKNOWN_WORKER).
  absl::StatusOr<ServiceRecord> Worker(const std::string& name, absl::Time deadline);
  // The learner's record. UNAVAILABLE (reason NO_LEARNER).
  absl::StatusOr<ServiceRecord> Learner(absl::Time deadline);

  // A channel to "host:port".
  std::shared_ptr<grpc::Channel> ChannelTo(const std::string& endpoint) ABSL_LOCKS_EXCLUDED(mutex_);

  // Calls `method` of a service's stub: Call(record, &RolloutService::Stub::GetWorker, request, &response, deadline, RolloutService::NewStub).
  template <typename Stub, typename Request, typename Response, typename NewStub>
  absl::Status Call(const ServiceRecord& service, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*), const Request& request,
                    Response* response, absl::Time deadline, NewStub new_stub) {
    const auto stub = new_stub(ChannelTo(service.endpoint()));
    grpc::ClientContext context;
    rpc::SetDeadline(context, deadline);
    return rpc::FromGrpc((stub.get()->*method)(&context, request, response));
  }

  // What the learner says of itself. Unreachable is UNAVAILABLE (reason NO_LEARNER).
  absl::StatusOr<learner::v1::GetRunResponse> Run(const ServiceRecord& learner, absl::Time deadline);
  absl::StatusOr<learner::v1::GetControlResponse> Control(const ServiceRecord& learner, absl::Time deadline);
  absl::StatusOr<std::vector<learner::v1::Checkpoint>> Checkpoints(const ServiceRecord& learner, absl::Time deadline);
  // The records of finished steps from `from` up to `end` (not included).
  absl::StatusOr<std::vector<learner::v1::StepRecord>> Steps(const ServiceRecord& learner, int64_t from, int64_t end, absl::Time deadline);

 private:
  const std::string run_;
  registry::ServiceRegistry registry_;
  const std::unique_ptr<Scaler> scaler_;
  metrics::Registry* const metrics_;
  absl::Mutex mutex_;
  std::map<std::string, std::shared_ptr<grpc::Channel>> channels_ ABSL_GUARDED_BY(mutex_);  // By endpoint.
};

// Names an unreachable learner as the API does; other errors stay.
absl::Status OfLearner(const absl::Status& status);
// Says of which service an error is.
absl::Status OfService(const absl::Status& status, const ServiceRecord& service);

}  // namespace cohort::admin

#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/text/tokenizer.h"
#include "proto/cohort/rollout/v1/rollout_service.grpc.pb.h"
#include "services/rollout/worker/drain_control.h"
#include "services/rollout/worker/engine_loop.h"
#include "services/rollout/worker/generate_job.h"
#include "services/rollout/worker/group_finisher.h"
#include "services/rollout/worker/worker_metrics.h"

namespace cohort::rollout {

// RolloutService over the engine loop; see the proto. One thread of gRPC's for each call. Thread-safe.
class RolloutServiceImpl final : public v1::RolloutService::Service {
 public:
  // What the service shows and steers; everything outlives it.
  struct Parts {
    EngineLoop& loop;
    const text::Tokenizer& tokenizer;
    WorkerMetrics& metrics;
    const GroupFinisher* finisher = nullptr;  // These are nullptr in a worker without a queue.
    const LeaseKeeper* leases = nullptr;
    DrainControl* drain = nullptr;
  };
  RolloutServiceImpl(std::string worker_id, Parts parts);

  grpc::Status Generate(grpc::ServerContext* context, const v1::GenerateRequest* request, grpc::ServerWriter<v1::GenerateResponse>* writer) override;
  grpc::Status GetWorker(grpc::ServerContext* context, const v1::GetWorkerRequest* request, v1::GetWorkerResponse* response) override;
  grpc::Status DrainWorker(grpc::ServerContext* context, const v1::DrainWorkerRequest* request, v1::DrainWorkerResponse* response) override;
  grpc::Status UndrainWorker(grpc::ServerContext* context, const v1::UndrainWorkerRequest* request, v1::UndrainWorkerResponse* response) override;

 private:
  absl::StatusOr<std::vector<GroupRequest>> MakeGroups(const v1::GenerateRequest& request) const;
  absl::Status Run(grpc::ServerContext& context, const v1::GenerateRequest& request, grpc::ServerWriter<v1::GenerateResponse>& writer);
  absl::Status Relay(grpc::ServerContext& context, const v1::GenerateRequest& request, GenerateJob& job,
                     grpc::ServerWriter<v1::GenerateResponse>& writer);

  const std::string worker_id_;
  const Parts parts_;
};

}  // namespace cohort::rollout

#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/text/tokenizer.h"
#include "proto/cohort/rollout/v1/rollout_service.grpc.pb.h"
#include "services/rollout/worker/engine_loop.h"
#include "services/rollout/worker/generate_job.h"
#include "services/rollout/worker/group_finisher.h"
#include "services/rollout/worker/worker_metrics.h"

namespace cohort::rollout {

// RolloutService over the engine loop; see the proto. One thread of gRPC's for each call. Thread-safe.
class RolloutServiceImpl final : public v1::RolloutService::Service {
 public:
  // Everything that is passed must outlive the service; `finisher` may be nullptr.
  RolloutServiceImpl(std::string worker_id, EngineLoop& loop, const text::Tokenizer& tokenizer, const GroupFinisher* finisher, WorkerMetrics& metrics);

  grpc::Status Generate(grpc::ServerContext* context, const v1::GenerateRequest* request, grpc::ServerWriter<v1::GenerateResponse>* writer) override;
  grpc::Status GetWorker(grpc::ServerContext* context, const v1::GetWorkerRequest* request, v1::GetWorkerResponse* response) override;

 private:
  absl::StatusOr<std::vector<GroupRequest>> MakeGroups(const v1::GenerateRequest& request) const;
  absl::Status Run(grpc::ServerContext& context, const v1::GenerateRequest& request, grpc::ServerWriter<v1::GenerateResponse>& writer);
  absl::Status Relay(grpc::ServerContext& context, const v1::GenerateRequest& request, GenerateJob& job,
                     grpc::ServerWriter<v1::GenerateResponse>& writer);

  const std::string worker_id_;
  EngineLoop& loop_;
  const text::Tokenizer& tokenizer_;
  const GroupFinisher* const finisher_;
  WorkerMetrics& metrics_;
};

}  // namespace cohort::rollout

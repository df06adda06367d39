#pragma once

#include "cohort/reward/v1/reward_service.grpc.pb.h"
#include "services/reward/sandbox/worker_pool.h"
#include "services/reward/server/verdict_metrics.h"

namespace cohort::reward {

// The gRPC face of the pool. Never looks into model text: requests go to the workers as bytes. Deadlines and cancellations reach the pool, so that nobody works
// for a caller who has left. Thread-safe; no call blocks a thread.
class RewardService final : public v1::RewardService::CallbackService {
 public:
  // Both must outlive the service.
  RewardService(WorkerPool& pool, VerdictMetrics& metrics) : pool_(pool), metrics_(metrics) {}

  grpc::ServerUnaryReactor* CompileGold(grpc::CallbackServerContext* context, const v1::CompileGoldRequest* request,
                                        v1::CompileGoldResponse* response) override;
  grpc::ServerUnaryReactor* Score(grpc::CallbackServerContext* context, const v1::ScoreRequest* request, v1::ScoreResponse* response) override;
  grpc::ServerBidiReactor<v1::ScoreStreamRequest, v1::ScoreStreamResponse>* ScoreStream(grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* Explain(grpc::CallbackServerContext* context, const v1::ExplainRequest* request, v1::ExplainResponse* response) override;
  grpc::ServerUnaryReactor* Parse(grpc::CallbackServerContext* context, const v1::ParseRequest* request, v1::ParseResponse* response) override;

 private:
  WorkerPool& pool_;
  VerdictMetrics& metrics_;
};

}  // namespace cohort::reward

#pragma once

#include "cohort/reward/v1/reward_service.grpc.pb.h"
#include "services/reward/sandbox/worker_pool.h"

namespace cohort::reward {

// The gRPC face of the pool. Never looks into model text: requests go to the workers as bytes. Deadlines and cancellations reach the pool, so that nobody works
// for a caller who has left. Thread-safe; no call blocks a thread.
class RewardService final : public v1::RewardService::CallbackService {
 public:
  // `pool` must outlive the service.
  explicit RewardService(WorkerPool& pool) : pool_(pool) {}

  grpc::ServerUnaryReactor* CompileGold(grpc::CallbackServerContext* context, const v1::CompileGoldRequest* request,
                                        v1::CompileGoldResponse* response) override;
  grpc::ServerUnaryReactor* Score(grpc::CallbackServerContext* context, const v1::ScoreRequest* request, v1::ScoreResponse* response) override;
  grpc::ServerBidiReactor<v1::ScoreStreamRequest, v1::ScoreStreamResponse>* ScoreStream(grpc::CallbackServerContext* context) override;

 private:
  WorkerPool& pool_;
};

}  // namespace cohort::reward

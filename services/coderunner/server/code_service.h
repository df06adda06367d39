#pragma once

#include "cohort/reward/v1/reward_service.grpc.pb.h"
#include "services/coderunner/judge/judge_metrics.h"
#include "services/coderunner/judge/judgement_pool.h"

namespace cohort::coderunner {

// RewardService for programs. Takes programs out of completions and compares results here; everything that runs, runs in the sandbox. A call holds a thread while
// its programs are judged, and their number is bounded by the queue. Parse is UNIMPLEMENTED: it is about mathematics. Thread-safe.
class CodeService final : public reward::v1::RewardService::Service {
 public:
  // Both must outlive the service.
  CodeService(JudgementPool& pool, JudgeMetrics& metrics) : pool_(pool), metrics_(metrics) {}

  grpc::Status CompileGold(grpc::ServerContext* context, const reward::v1::CompileGoldRequest* request, reward::v1::CompileGoldResponse* response) override;
  grpc::Status Score(grpc::ServerContext* context, const reward::v1::ScoreRequest* request, reward::v1::ScoreResponse* response) override;
  grpc::Status ScoreStream(grpc::ServerContext* context,
                           grpc::ServerReaderWriter<reward::v1::ScoreStreamResponse, reward::v1::ScoreStreamRequest>* stream) override;
  grpc::Status Explain(grpc::ServerContext* context, const reward::v1::ExplainRequest* request, reward::v1::ExplainResponse* response) override;
  grpc::Status Parse(grpc::ServerContext* context, const reward::v1::ParseRequest* request, reward::v1::ParseResponse* response) override;

 private:
  JudgementPool& pool_;
  JudgeMetrics& metrics_;
};

}  // namespace cohort::coderunner

#include "services/reward/server/reward_service.h"

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "common/rpc/status.h"
#include "services/reward/server/request_checks.h"
#include "services/reward/server/stream_reactor.h"

namespace cohort::reward {
namespace {

// A unary call that ends when its checks are done. `respond` fills the response from the outcomes. Deletes itself.
class BatchReactor final : public grpc::ServerUnaryReactor {
 public:
  using Respond = std::function<absl::Status(const std::vector<CheckOutcome>&)>;

  BatchReactor(WorkerPool& pool, absl::StatusOr<std::vector<CheckInput>> checks, Respond respond) {
    if (!checks.ok() || checks->empty()) {
      Finish(rpc::ToGrpc(checks.status()));
      return;
    }
    job_ = std::make_shared<Job>(*std::move(checks), [this, respond = std::move(respond)](const std::vector<CheckOutcome>& outcomes) {
      Finish(rpc::ToGrpc(respond(outcomes)));
    });
    const std::shared_ptr<Job> job = job_;  // The call may be over, and this object gone, before Submit returns.
    const absl::Status submitted = pool.Submit(job);
    if (!submitted.ok()) Finish(rpc::ToGrpc(submitted));
  }

  void OnCancel() override {
    if (job_ != nullptr) job_->Cancel();
  }
  void OnDone() override { delete this; }

 private:
  std::shared_ptr<Job> job_;
};

absl::Status FillErrors(const std::vector<CheckOutcome>& outcomes, v1::CompileGoldResponse* response) {
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].verdict == v1::VERDICT_CORRECT) continue;
    if (outcomes[i].verdict == v1::VERDICT_INTERNAL) return absl::UnavailableError("a sandboxed worker failed");
    v1::GoldError& error = *response->add_errors();
    error.set_index(static_cast<int32_t>(i));
    error.set_message(outcomes[i].verdict == v1::VERDICT_TIMEOUT ? "it takes too long to parse" : outcomes[i].message);
  }
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* RewardService::CompileGold(grpc::CallbackServerContext*, const v1::CompileGoldRequest* request,
                                                     v1::CompileGoldResponse* response) {
  return new BatchReactor(pool_, ChecksOf(*request), [response](const std::vector<CheckOutcome>& outcomes) { return FillErrors(outcomes, response); });
}

grpc::ServerUnaryReactor* RewardService::Score(grpc::CallbackServerContext*, const v1::ScoreRequest* request, v1::ScoreResponse* response) {
  return new BatchReactor(pool_, ChecksOf(request->items()), [request, response](const std::vector<CheckOutcome>& outcomes) {
    FillResults(request->items(), outcomes, response->mutable_results());
    return absl::OkStatus();
  });
}

grpc::ServerBidiReactor<v1::ScoreStreamRequest, v1::ScoreStreamResponse>* RewardService::ScoreStream(grpc::CallbackServerContext*) {
  return new StreamReactor(pool_);
}

}  // namespace cohort::reward

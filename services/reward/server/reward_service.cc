#include "services/reward/server/reward_service.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/log/log.h"
#include "common/reward/format/utf8.h"
#include "common/rpc/call_trace.h"
#include "common/rpc/status.h"
#include "services/reward/server/request_checks.h"
#include "services/reward/server/stream_reactor.h"

namespace cohort::reward {
namespace {

// A unary call that ends when its checks are done. `respond` fills the response from the outcomes. A malformed request is told to the log. Deletes itself.
class BatchReactor final : public grpc::ServerUnaryReactor {
 public:
  using Respond = std::function<absl::Status(const std::vector<CheckOutcome>&)>;

  BatchReactor(const grpc::CallbackServerContext& context, WorkerPool& pool, absl::StatusOr<std::vector<CheckInput>> checks, Respond respond) {
    const std::string tag = rpc::TraceTag(rpc::TraceOf(context));
    if (!checks.ok() || checks->empty()) {
      if (!checks.ok()) COHORT_LOG(WARNING) << "a request is refused: " << checks.status().message() << tag;
      Finish(rpc::ToGrpc(checks.status()));
      return;
    }
    const auto done = [this, respond = std::move(respond)](const std::vector<CheckOutcome>& outcomes) { Finish(rpc::ToGrpc(respond(outcomes))); };
    job_ = std::make_shared<Job>(*std::move(checks), done, tag);
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

std::string WhyUnparseable(const CheckOutcome& outcome) {
  return outcome.verdict == v1::VERDICT_TIMEOUT ? "it takes too long to parse" : ValidUtf8(outcome.message);
}

absl::Status FillErrors(const std::vector<CheckOutcome>& outcomes, v1::CompileGoldResponse* response) {
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].verdict == v1::VERDICT_CORRECT) continue;
    if (outcomes[i].verdict == v1::VERDICT_INTERNAL) return absl::UnavailableError("a sandboxed worker failed");
    v1::GoldError& error = *response->add_errors();
    error.set_index(static_cast<int32_t>(i));
    error.set_message(WhyUnparseable(outcomes[i]));
  }
  return absl::OkStatus();
}

absl::Status FillParsed(const std::vector<CheckOutcome>& outcomes, v1::ParseResponse* response) {
  for (const CheckOutcome& outcome : outcomes) {
    if (outcome.verdict == v1::VERDICT_INTERNAL) return absl::UnavailableError("a sandboxed worker failed");
    v1::ParsedAnswer& answer = *response->add_answers();
    answer.set_ok(outcome.verdict == v1::VERDICT_CORRECT);
    if (answer.ok()) answer.set_canonical(ValidUtf8(outcome.answer_canonical));
    if (!answer.ok()) answer.set_error(WhyUnparseable(outcome));
  }
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* RewardService::CompileGold(grpc::CallbackServerContext* context, const v1::CompileGoldRequest* request,
                                                     v1::CompileGoldResponse* response) {
  return new BatchReactor(*context, pool_, ChecksOf(*request), [this, response](const std::vector<CheckOutcome>& outcomes) {
    const absl::Status filled = FillErrors(outcomes, response);
    metrics_.CountBadGolds(response->errors_size());
    return filled;
  });
}

grpc::ServerUnaryReactor* RewardService::Score(grpc::CallbackServerContext* context, const v1::ScoreRequest* request, v1::ScoreResponse* response) {
  return new BatchReactor(*context, pool_, ChecksOf(request->items()), [this, request, response](const std::vector<CheckOutcome>& outcomes) {
    FillResults(request->items(), outcomes, response->mutable_results());
    metrics_.Count(request->items(), response->results());
    return absl::OkStatus();
  });
}

grpc::ServerBidiReactor<v1::ScoreStreamRequest, v1::ScoreStreamResponse>* RewardService::ScoreStream(grpc::CallbackServerContext* context) {
  return new StreamReactor(pool_, metrics_, rpc::TraceTag(rpc::TraceOf(*context)));
}

grpc::ServerUnaryReactor* RewardService::Explain(grpc::CallbackServerContext* context, const v1::ExplainRequest* request, v1::ExplainResponse* response) {
  const auto items = std::make_shared<ScoreItems>();  // Lives as long as the call: the checks point into it.
  *items->Add() = request->item();
  items->Mutable(0)->set_explain(true);
  return new BatchReactor(*context, pool_, ChecksOf(*items), [items, response](const std::vector<CheckOutcome>& outcomes) {
    google::protobuf::RepeatedPtrField<v1::ScoreResult> results;
    FillResults(*items, outcomes, &results);
    *response->mutable_result() = results[0];
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* RewardService::Parse(grpc::CallbackServerContext* context, const v1::ParseRequest* request, v1::ParseResponse* response) {
  return new BatchReactor(*context, pool_, ChecksOf(*request), [response](const std::vector<CheckOutcome>& outcomes) { return FillParsed(outcomes, response); });
}

}  // namespace cohort::reward

#include "services/coderunner/server/code_service.h"

#include <atomic>
#include <functional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/reward/request/item_check.h"
#include "common/rpc/call_trace.h"
#include "common/rpc/status.h"
#include "common/status/status_macros.h"
#include "common/sync/bounded_queue.h"
#include "common/sync/thread.h"
#include "services/coderunner/server/item_reader.h"

namespace cohort::coderunner {
namespace {

namespace v1 = reward::v1;
using reward::ScoreItems;
using Results = google::protobuf::RepeatedPtrField<v1::ScoreResult>;
using WhenFull = JudgementPool::WhenFull;

constexpr int kBatchesInFlight = 8;  // Of one stream.

// A batch, understood: what it asks to be run, and what is known already.
struct PreparedBatch {
  ScoreItems items;
  std::vector<PreparedItem> prepared;
  std::vector<JudgeTask> tasks;  // Of the items that run, in order.
};

absl::StatusOr<PreparedBatch> Understand(const ScoreItems& items) {
  COHORT_RETURN_IF_ERROR(reward::CheckBatch(items));
  PreparedBatch batch{items, {}, {}};
  ItemReader reader;
  for (int i = 0; i < items.size(); ++i) {
    COHORT_ASSIGN_OR_RETURN(PreparedItem item, reader.Read(i, items[i]));
    if (item.runs()) batch.tasks.push_back({item.problem, items[i].gold_answer(), item.program.language, item.program.source, rpc::CurrentTrace()});
    batch.prepared.push_back(std::move(item));
  }
  return batch;
}

// The same; what is malformed is told to the log.
absl::StatusOr<PreparedBatch> Prepare(const ScoreItems& items) {
  absl::StatusOr<PreparedBatch> batch = Understand(items);
  if (!batch.ok()) COHORT_LOG(WARNING) << "a request is refused: " << batch.status().message() << rpc::CurrentTraceTag();
  return batch;
}

// Grades a batch; blocks until it is done.
absl::Status Grade(JudgementPool& pool, const PreparedBatch& batch, WhenFull when_full, const std::function<bool()>& cancelled, Results* results) {
  COHORT_ASSIGN_OR_RETURN(const std::vector<Judgement> judgements, pool.Decide(batch.tasks, when_full, cancelled));
  size_t next = 0;
  for (int i = 0; i < batch.items.size(); ++i) {
    const PreparedItem& prepared = batch.prepared[i];
    FillResult(batch.items[i], prepared, prepared.runs() ? &judgements[next++] : nullptr, *results->Add());
  }
  return absl::OkStatus();
}

absl::Status GradeNow(JudgementPool& pool, const ScoreItems& items, grpc::ServerContext* context, Results* results) {
  const rpc::TraceScope scope(rpc::TraceOf(*context));
  COHORT_ASSIGN_OR_RETURN(const PreparedBatch batch, Prepare(items));
  return Grade(pool, batch, WhenFull::kRefuse, [context] { return context->IsCancelled(); }, results);
}

// One ScoreStream call: some batches at work, answers as they come.
class StreamCall {
 public:
  using Stream = grpc::ServerReaderWriter<v1::ScoreStreamResponse, v1::ScoreStreamRequest>;

  StreamCall(JudgementPool& pool, grpc::ServerContext& context, Stream& stream) : pool_(pool), context_(context), stream_(stream), batches_(1) {}

  // Reads until the client is done or something is wrong; a malformed batch ends the call.
  absl::Status Run() {
    const rpc::TraceScope scope(rpc::TraceOf(context_));
    std::vector<sync::Thread> threads;
    for (int i = 0; i < kBatchesInFlight; ++i) threads.emplace_back(absl::StrCat("stream-", i), [this] { GradeBatches(); });
    absl::Status read;
    v1::ScoreStreamRequest request;
    while (read.ok() && stream_.Read(&request)) {
      absl::StatusOr<PreparedBatch> batch = Prepare(request.items());
      read = batch.status();
      if (batch.ok()) read = batches_.Push(*std::move(batch), absl::InfiniteFuture());
    }
    ended_ = !read.ok();
    batches_.Close();
    threads.clear();
    absl::MutexLock lock(&mutex_);
    return status_.ok() ? read : status_;
  }

 private:
  void GradeBatches() {
    for (;;) {
      const absl::StatusOr<PreparedBatch> batch = batches_.Pop(absl::InfiniteFuture());
      if (!batch.ok()) return;
      v1::ScoreStreamResponse response;
      const absl::Status graded =
          Grade(pool_, *batch, WhenFull::kWait, [this] { return ended_ || context_.IsCancelled(); }, response.mutable_results());
      absl::MutexLock lock(&mutex_);
      if (status_.ok() && !ended_) status_ = graded;
      if (graded.ok() && !stream_.Write(response) && status_.ok()) status_ = absl::CancelledError("the client went away");
      if (!status_.ok()) batches_.Close();  // The client reads what was written, and sees the status when it is done sending.
    }
  }

  JudgementPool& pool_;
  grpc::ServerContext& context_;
  Stream& stream_;
  sync::BoundedQueue<PreparedBatch> batches_;
  std::atomic<bool> ended_{false};  // By an error: what is at work is of no use any more.
  absl::Mutex mutex_;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

grpc::Status CodeService::CompileGold(grpc::ServerContext*, const v1::CompileGoldRequest* request, v1::CompileGoldResponse* response) {
  if (const absl::Status golds = reward::CheckGolds(*request); !golds.ok()) return rpc::ToGrpc(golds);
  if (const auto policy = ReadCodePolicy(request->policy_id()); !policy.ok()) return rpc::ToGrpc(policy.status());
  for (int i = 0; i < request->gold_answers_size(); ++i) {
    const absl::StatusOr<Problem> problem = ReadProblem(request->gold_answers(i));
    if (problem.ok()) continue;
    v1::GoldError& error = *response->add_errors();
    error.set_index(i);
    error.set_message(std::string(problem.status().message()));
  }
  metrics_.bad_golds->Add(response->errors_size());
  return grpc::Status::OK;
}

grpc::Status CodeService::Score(grpc::ServerContext* context, const v1::ScoreRequest* request, v1::ScoreResponse* response) {
  return rpc::ToGrpc(GradeNow(pool_, request->items(), context, response->mutable_results()));
}

grpc::Status CodeService::ScoreStream(grpc::ServerContext* context, StreamCall::Stream* stream) { return rpc::ToGrpc(StreamCall(pool_, *context, *stream).Run()); }

grpc::Status CodeService::Explain(grpc::ServerContext* context, const v1::ExplainRequest* request, v1::ExplainResponse* response) {
  ScoreItems items;
  *items.Add() = request->item();
  items.Mutable(0)->set_explain(true);
  Results results;
  const absl::Status graded = GradeNow(pool_, items, context, &results);
  if (graded.ok()) *response->mutable_result() = results[0];
  return rpc::ToGrpc(graded);
}

grpc::Status CodeService::Parse(grpc::ServerContext*, const v1::ParseRequest*, v1::ParseResponse*) {
  return rpc::ToGrpc(absl::UnimplementedError("programs have no canonical form; Parse is a method of cohort-reward"));
}

}  // namespace cohort::coderunner

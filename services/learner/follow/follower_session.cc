#include "services/learner/follow/follower_session.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/model/arena_layout.h"
#include "common/rpc/status.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "common/sync/thread.h"
#include "services/learner/follow/messages.h"
#include "services/learner/train/catch_errors.h"

namespace cohort::learner {
namespace {

constexpr absl::Duration kAlive = absl::Seconds(1);

config::v1::OptimizerSection OptimizerOf(const v1::FollowTask& task, const FollowOptions& options) {
  config::v1::OptimizerSection optimizer = task.optimizer();
  if (options.threads > 0) optimizer.set_threads(options.threads);
  if (options.device.has_value()) optimizer.set_device(*options.device);
  if (options.gpu.has_value()) optimizer.set_gpu(*options.gpu);
  return optimizer;
}

}  // namespace

FollowerMetrics::FollowerMetrics(metrics::Registry& registry)
    : connected(registry.GetGauge("cohort_follower_connected", "1 while this follower can take its leader's orders")),
      passes(registry.GetCounter("cohort_follower_passes_total", "Forward passes whose gradient was wanted")),
      tokens(registry.GetCounter("cohort_follower_tokens_total", "Tokens of those passes")) {
  connected->Set(0);
}

FollowerSession::FollowerSession(const FollowOptions& options, v1::FollowService::Stub* stub, FollowerMetrics* metrics,
                                 std::function<void(const v1::FollowTask&)> on_ready)
    : options_(options), stub_(stub), metrics_(metrics), on_ready_(std::move(on_ready)) {}

FollowEnd FollowerSession::Follow(const sync::StopToken& stop) {
  const sync::StopCallback cancel(stop, [this] { context_.TryCancel(); });
  stream_ = stub_->Follow(&context_);
  absl::Status worked;
  {
    sync::StopSource over;
    const sync::Thread alive("alive", [this, token = over.token()] {
      v1::FollowRequest message;
      message.mutable_alive();
      while (!token.WaitFor(kAlive) && Send(message)) {
      }
    });
    worked = Work();
    if (!worked.ok()) context_.TryCancel();
    over.RequestStop();
  }
  metrics_->connected->Set(0);
  return Conclude(worked);
}

absl::Status FollowerSession::Work() {
  v1::FollowRequest hello;
  hello.mutable_hello()->set_name(options_.name);
  hello.mutable_hello()->set_run(options_.run);
  Send(hello);
  v1::FollowResponse first;
  if (!stream_->Read(&first)) return absl::OkStatus();
  if (first.has_farewell()) {
    farewell_ = first.farewell();
    return absl::OkStatus();
  }
  if (!first.has_task()) return absl::InternalError("the leader's first message is no task; run the leader's version of cohort-learner");
  return Serve(first.task());
}

absl::Status FollowerSession::Serve(const v1::FollowTask& task) {
  v1::FollowRequest ready;
  COHORT_ASSIGN_OR_RETURN(const std::unique_ptr<PolicyModel> model, MakeModel(task, *ready.mutable_ready()));
  COHORT_ASSIGN_OR_RETURN(const model::ArenaLayout layout, model::ArenaLayout::Create(FromMessage(task.model())));
  OrderExecutor executor(model.get(), layout.size());
  OrderBox box(model->workers());
  const sync::Thread reader("orders", [this, &box] { ReadOrders(box); });
  if (!Send(ready)) context_.TryCancel();
  metrics_->connected->Set(1);
  on_ready_(task);
  while (!box.closed()) {
    const absl::Status computed = model->Run([&](int64_t worker) {
      while (const auto order = box.NextOf(worker)) Answer(executor, *order);
      return absl::OkStatus();
    });
    if (!computed.ok()) {
      context_.TryCancel();  // Ends the reader.
      return computed;
    }
    while (const auto order = box.NextOfNone()) Answer(executor, *order);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<PolicyModel>> FollowerSession::MakeModel(const v1::FollowTask& task, v1::FollowerReady& ready) const {
  const model::ModelConfig config = FromMessage(task.model());
  COHORT_ASSIGN_OR_RETURN(const model::ArenaLayout layout, model::ArenaLayout::Create(config));
  PolicyModelOptions options;
  options.optimizer = OptimizerOf(task, options_);
  options.temperature = task.temperature();
  options.reference = task.reference();
  options.longest_sequence = task.longest_sequence();
  options.optimizes = false;
  const auto weights = CatchErrors([&] { return std::make_shared<model::Arena>(layout.size()); });
  if (!weights.ok()) return Annotate(weights.status(), absl::StrCat("no room for a model of ", layout.size(), " weights"));
  COHORT_ASSIGN_OR_RETURN(auto model, PolicyModel::Create(options, {config, layout, *weights}));
  ready.set_run(task.run());
  ready.set_incarnation(task.incarnation());
  ready.set_layout_crc32c(LayoutChecksum(layout));
  ready.set_workers(model->workers());
  return model;
}

void FollowerSession::ReadOrders(OrderBox& box) {
  v1::FollowResponse order;
  while (stream_->Read(&order)) {
    if (order.has_farewell()) farewell_ = order.farewell();
    if (order.has_farewell()) break;
    if (box.Put(std::move(order))) continue;
    COHORT_LOG(ERROR) << "leaves the leader to begin anew: an order for a worker that there is not";
    context_.TryCancel();
  }
  box.Close();
}

void FollowerSession::Answer(OrderExecutor& executor, const v1::FollowResponse& order) {
  absl::StatusOr<v1::OrderReply> reply = executor.Execute(order);
  if (!reply.ok()) {
    COHORT_LOG(ERROR) << "leaves the leader to begin anew: " << reply.status().message();
    context_.TryCancel();
    return;
  }
  if (reply->has_error()) COHORT_LOG(ERROR) << "cannot carry out an order: " << reply->error();
  if (order.has_score() && order.score().keep()) {
    metrics_->passes->Add();
    metrics_->tokens->Add(order.score().batch().tokens_size());
  }
  v1::FollowRequest message;
  *message.mutable_reply() = *std::move(reply);
  Send(message);
}

bool FollowerSession::Send(const v1::FollowRequest& message) {
  absl::MutexLock lock(&write_mutex_);
  return stream_->Write(message);
}

FollowEnd FollowerSession::Conclude(const absl::Status& worked) {
  stream_->WritesDone();
  v1::FollowResponse rest;
  while (stream_->Read(&rest)) {
  }
  const absl::Status ended = rpc::FromGrpc(stream_->Finish());
  if (!worked.ok()) return {FollowEnd::Kind::kHopeless, worked};
  if (farewell_.has_value()) return {farewell_->run_done() ? FollowEnd::Kind::kRunDone : FollowEnd::Kind::kLeaderGone, absl::UnavailableError(farewell_->reason())};
  if (absl::IsUnimplemented(ended)) {
    return {FollowEnd::Kind::kHopeless, absl::FailedPreconditionError("there is no leader of followers at this address; correct --leader, or run the same version")};
  }
  const bool hopeless = absl::IsFailedPrecondition(ended) || absl::IsInvalidArgument(ended);
  return {hopeless ? FollowEnd::Kind::kHopeless : FollowEnd::Kind::kLeaderGone, ended};
}

}  // namespace cohort::learner

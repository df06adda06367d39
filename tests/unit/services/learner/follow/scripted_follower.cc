#include "tests/unit/services/learner/follow/scripted_follower.h"

#include <memory>
#include <utility>

#include "absl/time/clock.h"
#include "common/rpc/client.h"
#include "common/rpc/status.h"
#include "common/testing/status_matchers.h"
#include "proto/cohort/learner/v1/follow_service.grpc.pb.h"
#include "services/learner/follow/messages.h"
#include "services/learner/follow/order_executor.h"

namespace cohort::learner {

ScriptedFollower::ScriptedFollower(const std::string& leader, Script script)
    : thread_("scripted", [this, leader, script = std::move(script)] { Run(leader, script); }) {}

ScriptedFollower::~ScriptedFollower() { thread_.Join(); }

absl::Status ScriptedFollower::Join() {
  thread_.Join();
  return status_;
}

void ScriptedFollower::Run(const std::string& leader, const Script& script) {
  const auto stub = v1::FollowService::NewStub(rpc::Connect(leader));
  grpc::ClientContext context;
  rpc::SetDeadline(context, absl::Now() + absl::Seconds(60));
  const auto stream = stub->Follow(&context);
  v1::FollowRequest message;
  message.mutable_hello()->set_name(script.name);
  message.mutable_hello()->set_run(script.run);
  stream->Write(message);
  v1::FollowResponse order;
  if (!stream->Read(&order) || !order.has_task()) {
    status_ = rpc::FromGrpc(stream->Finish());
    return;
  }
  const v1::FollowTask task = order.task();
  PolicyModelOptions options;
  options.optimizer = task.optimizer();
  options.temperature = task.temperature();
  options.reference = task.reference();
  options.optimizes = false;
  const model::ModelConfig config = FromMessage(task.model());
  const auto layout = model::ArenaLayout::Create(config).value();
  const auto model = PolicyModel::Create(options, {config, layout, std::make_shared<model::Arena>(layout.size())}).value();
  OrderExecutor executor(model.get(), layout.size());
  v1::FollowerReady& ready = *message.mutable_ready();
  ready.set_run(task.run());
  ready.set_incarnation(task.incarnation());
  ready.set_layout_crc32c(LayoutChecksum(layout));
  ready.set_workers(model->workers());
  if (script.edit_ready) script.edit_ready(ready);
  stream->Write(message);
  bool silent = false;
  while (stream->Read(&order) && !order.has_farewell()) {
    const Move move = script.move ? script.move(++orders_, order) : Move::kAnswer;
    if (move == Move::kLeave) {
      context.TryCancel();
      break;
    }
    silent = silent || move == Move::kFallSilent;
    if (silent) continue;
    *message.mutable_reply() = *executor.Execute(order);
    if (script.edit_reply) script.edit_reply(*message.mutable_reply());
    stream->Write(message);
  }
  stream->WritesDone();
  while (stream->Read(&order)) {
  }
  status_ = rpc::FromGrpc(stream->Finish());
}

}  // namespace cohort::learner

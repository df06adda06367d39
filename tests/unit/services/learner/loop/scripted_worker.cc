#include "tests/unit/services/learner/loop/scripted_worker.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "common/random/philox.h"
#include "common/rpc/client.h"
#include "common/rpc/status.h"
#include "proto/cohort/learner/v1/trajectory_service.grpc.pb.h"

namespace cohort::learner {
namespace {

absl::Time In(absl::Duration duration) { return absl::Now() + duration; }

}  // namespace

learner::v1::Group ScriptedGroup(const prompt::v1::PromptTask& task, int64_t policy_version, int64_t vocab_size) {
  learner::v1::Group group;
  group.set_group_id(task.group_id());
  group.set_incarnation(task.incarnation());
  group.set_step(task.step());
  group.set_slot(task.slot());
  group.set_row(task.row());
  for (int32_t sample = 0; sample < task.group_size(); ++sample) {
    auto& completion = *group.add_completions();
    const auto draw = [&](int32_t position) {
      return random::SamplingUniform({task.sampling().seed(), task.step(), task.slot(), sample, position});
    };
    const int tokens = 1 + static_cast<int>(draw(1000) * static_cast<float>(task.sampling().max_new_tokens()));
    for (int32_t t = 0; t < tokens; ++t) {
      completion.add_token_ids(static_cast<int32_t>(draw(t) * static_cast<float>(vocab_size)));
      completion.add_sampler_logprobs(-3.5f);
    }
    auto& span = *completion.add_versions();
    span.set_policy_version(policy_version);
    span.set_token_count(tokens);
    completion.set_finish_reason(common::v1::FINISH_REASON_STOP);
    completion.set_text(sample == 0 ? "wait" : "sure");
    const bool right = draw(1001) < 0.5f;
    completion.mutable_score()->set_verdict(right ? reward::v1::VERDICT_CORRECT : reward::v1::VERDICT_INCORRECT);
    completion.mutable_score()->set_format_ok(draw(1002) < 0.5f);
  }
  return group;
}

ScriptedWorker::ScriptedWorker(std::shared_ptr<grpc::Channel> learner, std::unique_ptr<queue::PromptQueue> queue, Options options)
    : channel_(std::move(learner)),
      queue_(std::move(queue)),
      options_(std::move(options)),
      policy_(channel_, {.worker_id = options_.name, .arena_elements = options_.arena_elements, .on_error = {}}),
      thread_("worker", [this] { Run(); }) {}

ScriptedWorker::~ScriptedWorker() {
  stop_.RequestStop();
  policy_.Stop();
  thread_.Join();
}

void ScriptedWorker::Run() {
  while (!stop_.stop_requested()) {
    const auto leases = queue_->Take(1, In(absl::Milliseconds(100)));
    if (!leases.ok()) {
      stop_.token().WaitFor(absl::Milliseconds(20));
      continue;
    }
    for (const queue::Lease& lease : *leases) Handle(lease);
  }
}

void ScriptedWorker::Handle(const queue::Lease& lease) {
  if (options_.bury && options_.bury(lease.task)) {
    (void)queue_->Bury(lease, "a test buried it", In(absl::Seconds(5)));
    return;
  }
  const auto usable = [&lease](const policy::PolicySnapshot& snapshot) {
    return snapshot.incarnation == lease.task.incarnation() && snapshot.version >= lease.task.min_policy_version();
  };
  const auto snapshot = policy_.WaitFor(usable, In(absl::Milliseconds(500)));
  if (!snapshot.ok()) {
    (void)queue_->Release(lease, In(absl::Seconds(5)));
    return;
  }
  learner::v1::SubmitGroupRequest request;
  const int64_t version = std::min((*snapshot)->version, lease.task.max_policy_version());
  *request.mutable_group() = ScriptedGroup(lease.task, version, options_.vocab_size);
  request.mutable_group()->set_worker_id(options_.name);
  request.mutable_group()->set_attempt(lease.attempt);
  if (!options_.edit || options_.edit(lease, *request.mutable_group())) {
    const auto stub = learner::v1::TrajectoryService::NewStub(channel_);
    learner::v1::SubmitGroupResponse response;
    const absl::Status status = rpc::CallWithRetry(
        "learner", In(absl::Seconds(5)), {}, [&](grpc::ClientContext& context) { return stub->SubmitGroup(&context, request, &response); },
        [this] { return stop_.stop_requested(); });
    if (!status.ok() && !absl::IsAlreadyExists(status) && !absl::IsNotFound(status)) {
      (void)queue_->Release(lease, In(absl::Seconds(5)));
      return;
    }
    if (status.ok()) ++accepted_;
  }
  (void)queue_->Acknowledge(lease, In(absl::Seconds(5)));
}

}  // namespace cohort::learner

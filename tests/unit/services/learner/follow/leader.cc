#include "tests/unit/services/learner/follow/leader.h"

#include "common/testing/status_matchers.h"
#include "services/learner/follow/distributed_policy_model.h"
#include "services/learner/follow/follower.h"
#include "services/learner/follow/messages.h"

namespace cohort::learner {

Leader::Leader(const config::v1::RunConfig& config, const model::LoadedModel& model, absl::Duration silence) {
  const PolicyModelOptions options = PolicyModelOptionsOf(config, model.config);
  FollowerPool::Options pool;
  pool.task.set_run("test");
  pool.task.set_incarnation(7);
  pool.task.set_processes(config.optimizer().data_parallel());
  *pool.task.mutable_model() = ToMessage(model.config);
  *pool.task.mutable_optimizer() = options.optimizer;
  pool.task.set_temperature(options.temperature);
  pool.task.set_reference(options.reference);
  pool.layout_crc32c = LayoutChecksum(model.layout);
  pool.silence = silence;
  pool_ = std::make_unique<FollowerPool>(std::move(pool), &registry_);
  trainer_ = Trainer::Create(config, model, [&](std::unique_ptr<PolicyModel> local) {
               return std::make_unique<DistributedPolicyModel>(std::move(local), pool_.get(), model.layout.size());
             }).value();
  auto server = rpc::Server::Start({.address = "127.0.0.1:0", .services = {pool_.get()}});
  EXPECT_OK(server);
  server_ = *std::move(server);
}

Leader::~Leader() { server_->Shutdown(absl::Now()); }

FollowerThread::FollowerThread(const std::string& leader, const std::string& name, const std::string& run)
    : thread_("follower", [this, leader, name, run] {
        FollowOptions options;
        options.leader = leader;
        options.name = name;
        options.run = run;
        status_ = RunFollower(options, stop_.token());
      }) {}

FollowerThread::~FollowerThread() {
  Stop();
  thread_.Join();
}

absl::Status FollowerThread::Join() {
  thread_.Join();
  return status_;
}

}  // namespace cohort::learner

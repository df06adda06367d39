#pragma once

#include <memory>
#include <string>

#include "common/metrics/metrics.h"
#include "common/rpc/server.h"
#include "common/sync/stop.h"
#include "common/sync/thread.h"
#include "services/learner/follow/follower_pool.h"
#include "services/learner/train/trainer.h"
#include "tests/unit/services/learner/train/run_config.h"

namespace cohort::learner {

// A learner of several processes without its loop: a pool behind a real server, and a trainer on it.
class Leader {
 public:
  // So many processes as `config.optimizer().data_parallel()` says; `model` outlives the leader.
  Leader(const config::v1::RunConfig& config, const model::LoadedModel& model, absl::Duration silence = absl::Seconds(60));
  ~Leader();

  std::string address() const { return server_->address(); }
  FollowerPool& pool() { return *pool_; }
  Trainer& trainer() { return *trainer_; }
  metrics::Registry& registry() { return registry_; }
  // Waits until all followers are there.
  bool Complete() { return pool_->WaitUntilComplete(absl::Now() + absl::Seconds(30)); }

 private:
  metrics::Registry registry_;
  std::unique_ptr<FollowerPool> pool_;
  std::unique_ptr<Trainer> trainer_;
  std::unique_ptr<rpc::Server> server_;
};

// RunFollower() on a thread of this process.
class FollowerThread {
 public:
  explicit FollowerThread(const std::string& leader, const std::string& name = "follower", const std::string& run = "");
  ~FollowerThread();

  // Waits for its end: by itself, or after Stop().
  absl::Status Join();
  void Stop() { stop_.RequestStop(); }

 private:
  sync::StopSource stop_;
  absl::Status status_;
  sync::Thread thread_;
};

}  // namespace cohort::learner

#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "common/policy/policy_subscriber.h"
#include "common/queue/prompt_queue.h"
#include "common/sync/stop.h"
#include "common/sync/thread.h"
#include "grpcpp/channel.h"
#include "proto/cohort/learner/v1/trajectory_service.pb.h"

namespace cohort::learner {

// A worker for tests of the learner: leases, "samples" completions that are a pure function of the task, hands them in, acknowledges. It follows the
// policy as a real one does and writes the version that it holds into the group; log-probabilities are made up.
class ScriptedWorker {
 public:
  struct Options {
    std::string name = "worker-0";
    int64_t arena_elements = 0;
    int64_t vocab_size = 40;
    // Changes a group before it is handed in; false: take the task, do nothing and acknowledge it, as if the queue had lost it.
    std::function<bool(const queue::Lease& lease, learner::v1::Group& group)> edit;
    // What to bury instead of sampling.
    std::function<bool(const prompt::v1::PromptTask& task)> bury;
  };
  ScriptedWorker(std::shared_ptr<grpc::Channel> learner, std::unique_ptr<queue::PromptQueue> queue, Options options);
  ~ScriptedWorker();

  int64_t accepted() const { return accepted_.load(); }

 private:
  void Run();
  void Handle(const queue::Lease& lease);

  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<queue::PromptQueue> queue_;
  const Options options_;
  std::atomic<int64_t> accepted_{0};
  sync::StopSource stop_;
  policy::PolicySubscriber policy_;
  sync::Thread thread_;
};

// The group that every scripted worker makes of `task`: about half of the completions are right.
learner::v1::Group ScriptedGroup(const prompt::v1::PromptTask& task, int64_t policy_version, int64_t vocab_size);

}  // namespace cohort::learner

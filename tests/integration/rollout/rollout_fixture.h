#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/model/arena_layout.h"
#include "common/policy/policy_publisher.h"
#include "common/process/child_process.h"
#include "common/queue/prompt_queue.h"
#include "common/rpc/server.h"
#include "common/testing/redis_server.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "proto/cohort/learner/v1/trajectory_service.grpc.pb.h"
#include "proto/cohort/reward/v1/reward_service.grpc.pb.h"
#include "proto/cohort/rollout/v1/rollout_service.grpc.pb.h"

namespace cohort::rollout {

inline absl::Time Soon() { return absl::Now() + absl::Seconds(30); }

// Waits until `condition` holds; false when it does not within 30 s.
template <typename Condition>
bool Eventually(Condition condition) {
  for (const absl::Time deadline = Soon(); absl::Now() < deadline; absl::SleepFor(absl::Milliseconds(5))) {
    if (condition()) return true;
  }
  return condition();
}

// The repository's folder of the quickstart's tokenizer and config.
std::string TinyModelDirectory();

// Random weights that give varied completions.
std::shared_ptr<model::Arena> RandomWeights(const model::ArenaLayout& layout, uint64_t seed);

// A whole checkpoint with random weights in `directory`.
void WriteCheckpoint(const std::string& directory, uint64_t seed);

// A reward service that calls every even-length completion correct. Thread-safe.
class EvenReward final : public reward::v1::RewardService::Service {
 public:
  explicit EvenReward(const std::string& address = "127.0.0.1:0");
  ~EvenReward() override;
  grpc::Status Score(grpc::ServerContext* context, const reward::v1::ScoreRequest* request, reward::v1::ScoreResponse* response) override;
  std::string address() const { return server_->address(); }

 private:
  std::unique_ptr<rpc::Server> server_;
};

// A learner whose policy of version v is random weights of seed v, and which publishes version s + 1 once all groups of the steps up to s
// have come.
class TestLearner final : public learner::v1::TrajectoryService::Service {
 public:
  struct Options {
    int64_t steps = 3;
    int prompts = 6;             // Per step.
    int group_size = 4;
    int max_staleness = 0;
    int max_new_tokens = 40;
    bool issue_all_at_once = false;  // Otherwise a step's tasks come when the one before is complete.
  };
  TestLearner(const std::string& redis, const std::string& run, Options options);
  ~TestLearner() override;

  // Publishes version 0 and issues the first tasks.
  void Begin();

  grpc::Status SubmitGroup(grpc::ServerContext* context, const learner::v1::SubmitGroupRequest* request,
                           learner::v1::SubmitGroupResponse* response) override;

  // A task of the shape that `options` give.
  prompt::v1::PromptTask Task(int64_t step, int64_t slot) const;

  bool complete() const;
  int64_t accepted() const;
  // Everything about each accepted group that sampling decides, by group id.
  std::map<std::string, std::string> Groups() const;
  std::set<std::string> Workers() const;
  std::vector<learner::v1::Group> Raw() const;

  queue::PromptQueue& queue() { return *queue_; }
  policy::PolicyPublisher& publisher() { return *publisher_; }
  const model::ArenaLayout& layout() const { return layout_; }
  std::string address() const { return server_->address(); }

  // Refuses all calls from now on; the port stays taken by nobody.
  void Stop();

 private:
  void IssueStep(int64_t step);
  // Trains on each step that is complete, in the order of steps, in which their groups need not come.
  void TakeCompleteSteps() ABSL_LOCKS_EXCLUDED(taking_, mutex_);

  const Options options_;
  const std::string run_;
  model::ArenaLayout layout_;
  std::unique_ptr<queue::PromptQueue> queue_;
  int64_t incarnation_ = 0;
  std::unique_ptr<policy::PolicyPublisher> publisher_;
  std::unique_ptr<rpc::Server> server_;
  absl::Mutex taking_ ABSL_ACQUIRED_BEFORE(mutex_);
  int64_t taken_ ABSL_GUARDED_BY(taking_) = 0;  // Steps.
  mutable absl::Mutex mutex_;
  std::map<std::string, learner::v1::Group> groups_ ABSL_GUARDED_BY(mutex_);
  std::map<int64_t, int> filled_ ABSL_GUARDED_BY(mutex_);  // Groups by step.
};

// The gRPC address in an endpoint file; empty while there is none.
std::string EndpointIn(const std::string& file);

// The binary cohort-rollout.
class WorkerProcess {
 public:
  // Starts it; `more` are its flags besides --name and --endpoint-file.
  WorkerProcess(const std::string& name, std::vector<std::string> more);

  // host:port once it listens.
  std::string address();
  std::unique_ptr<v1::RolloutService::Stub> Stub();
  bool WaitUntilReady();
  process::ChildProcess& process() { return *process_; }
  std::string log() const;

 private:
  testing::TempDir directory_;
  std::unique_ptr<process::ChildProcess> process_;
};

// The flags of a worker of a run.
std::vector<std::string> WorkerFlags(const std::string& run, const std::string& redis, const std::string& learner, const std::string& reward);

}  // namespace cohort::rollout

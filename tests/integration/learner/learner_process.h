#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/process/child_process.h"
#include "common/rpc/server.h"
#include "common/testing/redis_server.h"
#include "common/testing/temp_dir.h"
#include "nlohmann/json.hpp"
#include "proto/cohort/learner/v1/run_service.pb.h"
#include "proto/cohort/reward/v1/reward_service.grpc.pb.h"
#include "tests/unit/services/learner/loop/scripted_worker.h"

namespace cohort::learner {

// A reward service that can parse answers of digits and does nothing else.
class DigitsService final : public reward::v1::RewardService::Service {
 public:
  grpc::Status CompileGold(grpc::ServerContext* context, const reward::v1::CompileGoldRequest* request,
                           reward::v1::CompileGoldResponse* response) override;
};

// The binary cohort-learner in a directory of its own with a tiny random model, ten problems, a real redis-server and scripted workers.
class LearnerProcess {
 public:
  LearnerProcess();
  ~LearnerProcess();

  // Writes model, data and config; `steps` steps of 3 prompts × 4 completions.
  void WriteInputs(int64_t steps);

  // A command line of `cohort-learner follow` for this learner, which listens already.
  std::vector<std::string> FollowArguments(const std::string& name) const;
  // Starts a follower; its log is path(name + ".log"). It ends with the returned object at the latest.
  std::unique_ptr<process::ChildProcess> StartFollower(const std::string& name, const std::vector<std::string>& more = {}) const;

  // Starts the binary (on the ports of an earlier start, if any) and waits until it listens.
  absl::Status Start(bool resume, const std::vector<std::string>& more = {});
  // Starts the binary and waits for its end; its exit code. What it said is in log().
  int RunToTheEnd(const std::vector<std::string>& arguments);
  std::vector<std::string> Arguments(bool resume) const;

  void StartWorkers(int count);
  void StopWorkers() { workers_.clear(); }

  // The state now; UNAVAILABLE when the process does not answer.
  absl::StatusOr<learner::v1::GetRunResponse> State() const;
  // Waits until `done` steps are done or the run has finished.
  absl::Status WaitForSteps(int64_t done, absl::Time deadline) const;
  absl::Status WaitUntilFinished(absl::Time deadline) const;

  process::ChildProcess& process() { return *process_; }
  testing::RedisServer& redis() { return *redis_; }
  std::string reward_address() const { return reward_server_->address(); }
  std::string path(const std::string& name) const { return directory_ / name; }
  std::string log() const { return log("learner"); }
  std::string log(const std::string& name) const;

  // What the curve is compared by: steps.jsonl without the fields that measure time.
  std::vector<std::string> Curve() const;
  std::string FinalWeights() const;
  std::vector<nlohmann::json> Ledger() const;

 private:
  testing::TempDir directory_;
  std::unique_ptr<testing::RedisServer> redis_;
  DigitsService reward_service_;
  std::unique_ptr<rpc::Server> reward_server_;
  std::unique_ptr<process::ChildProcess> process_;
  std::string grpc_address_ = "127.0.0.1:0";
  int64_t arena_elements_ = 0;
  std::vector<std::unique_ptr<ScriptedWorker>> workers_;
};

}  // namespace cohort::learner

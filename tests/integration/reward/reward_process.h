#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cohort/reward/v1/reward_service.grpc.pb.h"
#include "common/process/child_process.h"
#include "common/testing/temp_dir.h"
#include "grpcpp/channel.h"

namespace cohort::reward {

// A real process of a service that speaks the reward protocol, ready when the constructor returns. A test fails when it does not come up.
class RewardProcess {
 public:
  explicit RewardProcess(std::vector<std::string> flags = {}, std::map<std::string, std::string> environment = {}, const std::string& program = "cohort-reward");

  v1::RewardService::Stub& stub() { return *stub_; }
  process::ChildProcess& process() { return *process_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  const std::string& address() const { return address_; }
  // What /metrics says; 0 when it says nothing of it.
  double Metric(const std::string& name) const;
  std::string Log() const;
  // The sandboxed workers.
  std::vector<pid_t> Workers() const;

 private:
  testing::TempDir directory_;
  std::unique_ptr<process::ChildProcess> process_;
  std::string address_, metrics_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::RewardService::Stub> stub_;
};

// Path of a binary of this build.
std::string Binary(const std::string& name);

// The children of a process.
std::vector<pid_t> ChildrenOf(pid_t pid);

}  // namespace cohort::reward

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/cli/supervise/fleet.h"

namespace cohort::cli {

// Rollout workers that serve one checkpoint, and a reward service, for the length of one command: child processes on loopback ports whose files lie in a
// temporary directory that goes with the object. Not thread-safe; lives on the thread that made it.
class PrivateServices {
 public:
  struct Options {
    std::string model;              // Checkpoint directory; empty starts no rollout worker.
    int workers = 1;
    int threads = 1;                // Of each worker.
    int max_batch = 128;
    int64_t max_context = 0;        // Tokens of prompt and completion; 0: the model's limit, at most 4,096.
    bool reward = true;
    bool grades_code = false;           // The reward service is cohort-coderunner, with a slot for each core.
    bool allow_weak_isolation = false;  // Its programs may share this machine's kernel.
    absl::Duration start_timeout = absl::Seconds(60);
  };
  // The error of a service that does not start is what it said.
  static absl::StatusOr<std::unique_ptr<PrivateServices>> Start(const Options& options);
  ~PrivateServices();

  const std::vector<std::string>& rollout_addresses() const { return rollout_addresses_; }
  const std::string& reward_address() const { return reward_address_; }
  Fleet& fleet() { return fleet_; }

 private:
  explicit PrivateServices(std::string directory);
  absl::Status StartReward(const Options& options);
  absl::Status StartWorkers(const Options& options);

  const std::string directory_;
  Fleet fleet_;
  std::vector<std::string> rollout_addresses_;
  std::string reward_address_;
};

}  // namespace cohort::cli

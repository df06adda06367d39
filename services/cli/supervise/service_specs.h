#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/cli/supervise/run_paths.h"
#include "services/cli/supervise/supervised_service.h"

namespace cohort::cli {

// The path of a Cohort program: it lies beside this one. NOT_FOUND says what to do.
absl::StatusOr<std::string> FindProgram(const std::string& name);

// How each service of a run is started: command line, environment, log, and how one sees that it serves. All listen on loopback ports; a restart listens
// where the dead one did.

// A private redis-server that keeps its data in an append-only file under RUN/redis.
absl::StatusOr<ServiceSpec> RedisSpec(const RunPaths& paths);

// `redis` and `run` say in whose registry the service stands; empty for none.
absl::StatusOr<ServiceSpec> RewardSpec(const RunPaths& paths, int sandbox_workers, double check_deadline_ms, const std::string& redis = "",
                                       const std::string& run = "");

// The service of code rewards, with so many slots. It runs programs on this machine, where neither gVisor nor Kata stands around them; without
// `allow_weak_isolation` it refuses.
absl::StatusOr<ServiceSpec> CoderunnerSpec(const RunPaths& paths, int slots, bool allow_weak_isolation, const std::string& redis, const std::string& run);

// The admin service; nothing depends on it.
absl::StatusOr<ServiceSpec> AdminSpec(const RunPaths& paths, const std::string& redis, const std::string& run);

struct LearnerPlace {
  std::string redis;   // host:port
  std::string reward;  // host:port
  bool resume = false;
  std::map<std::string, std::string> environment = {};  // Further variables.
};
absl::StatusOr<ServiceSpec> LearnerSpec(const RunPaths& paths, const LearnerPlace& place);

// The process of rank `index` among those of the learner, which listens at `leader`; on the GPU `gpu`, if it computes on one.
absl::StatusOr<ServiceSpec> FollowerSpec(const RunPaths& paths, int index, const std::string& run, const std::string& leader, int gpu);

struct RolloutPlace {
  std::string redis;
  std::string reward;
  std::string learner;
  int gpu = 0;  // Used where the worker computes on one.
  std::map<std::string, std::string> environment = {};  // Further variables.
};
absl::StatusOr<ServiceSpec> RolloutSpec(const RunPaths& paths, int index, const RolloutPlace& place);

// A rollout worker that serves one checkpoint and knows neither queue nor learner.
struct StandalonePlace {
  std::string model;
  int threads = 1;
  int max_batch = 128;
  std::vector<std::string> flags = {};  // Further ones.
};
absl::StatusOr<ServiceSpec> StandaloneSpec(const RunPaths& paths, const std::string& name, const StandalonePlace& place);

}  // namespace cohort::cli

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/redis/endpoint.h"
#include "proto/cohort/admin/v1/cluster.pb.h"
#include "services/admin/cluster/status.h"

namespace cohort::admin {

// What a Redis server says of itself.
struct ServerFacts {
  std::string address;
  std::string version;
  std::string eviction_policy;   // "noeviction", ….
  int64_t used_bytes = 0;
  int64_t limit_bytes = 0;       // 0: none.
  bool append_only = false;
  std::string last_write_error;  // Why the last write to disk failed, or empty.
  bool loopback = false;         // Nobody else reaches it.
  bool password = false;         // It asked this service for one.
  bool tls = false;
};

// Whether nobody on another machine reaches a server there.
bool IsOnLoopback(const redis::Endpoint& endpoint);

// UNAVAILABLE (reason REDIS_UNAVAILABLE) names the address, FAILED_PRECONDITION (REDIS_REFUSED) what to correct.
absl::StatusOr<ServerFacts> LookAtRedis(const std::string& address, absl::Time deadline);

// What is right and wrong with a run, in the order in which a person would look. Pure. `server` and `facts` may be errors: then that is what is wrong.
std::vector<v1::Finding> Examine(const absl::StatusOr<ServerFacts>& server, const absl::StatusOr<ClusterFacts>& facts);

}  // namespace cohort::admin

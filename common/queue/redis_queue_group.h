#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/redis/pool.h"

namespace cohort::queue {

// Where the queue of a run lies in Redis. The braces make a Redis Cluster keep all keys of a run on one node.
struct RedisQueueKeys {
  explicit RedisQueueKeys(const std::string& run_id);
  std::string stream;            // Tasks that are not acknowledged.
  std::string dead;              // Dead letters, in the order of their death. Never trimmed: there are at most as many as prompts.
  std::string incarnation;       // The number of the learner that issues.
  std::string group = "rollouts";
};

// Makes the stream and its group where they are not there. Errors are those of redis::Pool.
absl::Status EnsureGroup(redis::Pool& redis, const RedisQueueKeys& keys, absl::Time deadline);

// Whether an error says that the stream or its group is not there (any more): the server came back without its data, or a learner began an incarnation.
bool GroupIsGone(const absl::Status& status);

}  // namespace cohort::queue

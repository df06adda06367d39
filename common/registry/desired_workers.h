#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/redis/pool.h"

namespace cohort::registry {

// How many rollout workers somebody has asked for.
struct DesiredCount {
  int64_t revision = 0;  // Grows with every Set(); 0 when nobody has asked yet.
  int count = 0;
};

// The number of rollout workers that a run shall have, in Redis, for whoever starts and stops workers. A scaler acts when the revision changes, so a worker
// that was drained away stays away until somebody asks for a number again. Thread-safe. Errors are those of redis::Connection.
class DesiredWorkers {
 public:
  // Connects at the first call.
  DesiredWorkers(const std::string& redis_address, const std::string& run_id);

  absl::StatusOr<DesiredCount> Get(absl::Time deadline);
  // Returns what stands there now.
  absl::StatusOr<DesiredCount> Set(int count, absl::Time deadline);

 private:
  const std::string key_;
  redis::Pool redis_;
};

}  // namespace cohort::registry

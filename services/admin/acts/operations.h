#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/redis/pool.h"
#include "proto/cohort/admin/v1/operation.pb.h"

namespace cohort::admin {

// The operations of a run, in Redis. Nobody works on them: how far one is follows from the state of the run (operation_progress.h). Thread-safe. Errors
// are those of OfRedis().
class Operations {
 public:
  // Connects at the first call.
  Operations(const std::string& redis, const std::string& run);

  // Begins an operation for `actor`: gives it a name and stores it; the oldest beyond 1,000 go.
  absl::StatusOr<v1::Operation> Begin(v1::Operation operation, const std::string& actor, const std::string& request_id, absl::Time deadline);
  // NOT_FOUND (reason UNKNOWN_OPERATION).
  absl::StatusOr<v1::Operation> Get(const std::string& name, absl::Time deadline);
  // All of them, newest first.
  absl::StatusOr<std::vector<v1::Operation>> All(absl::Time deadline);
  // Replaces `before` by `after` unless somebody has changed it meanwhile; returns what stands there then.
  absl::StatusOr<v1::Operation> Replace(const v1::Operation& before, const v1::Operation& after, absl::Time deadline);

 private:
  const std::string key_;
  redis::Pool redis_;
};

}  // namespace cohort::admin

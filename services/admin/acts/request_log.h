#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/redis/pool.h"

namespace cohort::admin {

// Remembers, in Redis and for a day, which acts were done under which request id and what was answered, so that a repeated request does nothing again,
// whichever admin service it reaches. An act that was begun and never finished (the service was killed in it) is done again: acts are safe to repeat.
// Thread-safe.
class RequestLog {
 public:
  // Connects at the first call.
  RequestLog(const std::string& redis, const std::string& run);

  // What is known of a request.
  struct Known {
    bool done = false;
    std::string answer;  // Serialised response, when done.
  };
  // Notes that an act begins. `content` stands for method and request. INVALID_ARGUMENT (reason REQUEST_ID_REUSED) when the id belongs to another
  // content.
  absl::StatusOr<Known> Begin(const std::string& request_id, const std::string& content, absl::Time deadline);
  // Notes what it was answered.
  absl::Status Finish(const std::string& request_id, const std::string& answer, absl::Time deadline);
  // The act was refused: the id is free again.
  absl::Status Forget(const std::string& request_id, absl::Time deadline);

 private:
  const std::string prefix_;
  redis::Pool redis_;
};

// INVALID_ARGUMENT unless `id` is empty or has 1 to 64 characters of A-Z a-z 0-9 . _ -
absl::Status CheckRequestId(const std::string& id);

}  // namespace cohort::admin

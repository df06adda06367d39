#pragma once

#include <sys/types.h>

#include <string>

#include "absl/status/statusor.h"

namespace cohort::cli {

// Where a service listens, as it says in its endpoint file.
struct Endpoint {
  pid_t pid = 0;
  std::string grpc;     // "127.0.0.1:PORT"
  std::string metrics;  // "127.0.0.1:PORT"
  std::string web;      // "127.0.0.1:PORT" of the admin service's live page.
};

// NOT_FOUND when there is no such file yet, INVALID_ARGUMENT when it is not an endpoint file.
absl::StatusOr<Endpoint> ReadEndpointFile(const std::string& path);

}  // namespace cohort::cli

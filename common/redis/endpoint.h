#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace cohort::redis {

// Where a Redis server listens, and how.
struct Endpoint {
  std::string host;  // A name or an address; IPv6 without its brackets.
  int port = 0;
  bool tls = false;
};

// Reads "host:port" (plaintext, also with "redis://" before it) or "rediss://host:port" (TLS). INVALID_ARGUMENT tells what to write; a user or password in the
// address is refused, and not repeated in the error.
absl::StatusOr<Endpoint> ParseAddress(const std::string& address);

}  // namespace cohort::redis

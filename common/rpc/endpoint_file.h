#pragma once

#include <string>

#include "absl/status/status.h"

namespace cohort::rpc {

// "host:0" with the port that was bound.
std::string WithPort(const std::string& address, int port);

// Tells whoever started this process where it listens: writes {"pid", "grpc", "metrics"} as JSON, whole or not at all. Nothing when `path` is empty.
absl::Status WriteEndpointFile(const std::string& path, const std::string& grpc, const std::string& metrics);

}  // namespace cohort::rpc

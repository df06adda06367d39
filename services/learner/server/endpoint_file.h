#pragma once

#include <string>

#include "absl/status/status.h"

namespace cohort::learner {

// Writes {"pid", "grpc", "metrics"} to `path` at once: how a launcher learns where a service listens.
absl::Status WriteEndpointFile(const std::string& path, const std::string& grpc, const std::string& metrics);

}  // namespace cohort::learner

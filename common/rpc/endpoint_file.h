#pragma once

#include <string>

#include "absl/status/status.h"

namespace cohort::rpc {

// Where a service listens, each as host:port.
struct Endpoints {
  std::string grpc;
  std::string metrics;
  std::string web = "";  // Empty where there is no page.
};

// "host:0" with the port that was bound.
std::string WithPort(const std::string& address, int port);

// Tells whoever started this process where it listens: writes {"pid", "grpc", "metrics"} and, where there is a page, "web" as JSON, whole or not at all. Nothing
// when `path` is empty.
absl::Status WriteEndpointFile(const std::string& path, const Endpoints& endpoints);

}  // namespace cohort::rpc

#include "services/learner/server/endpoint_file.h"

#include <unistd.h>

#include "common/io/files.h"
#include "nlohmann/json.hpp"

namespace cohort::learner {

absl::Status WriteEndpointFile(const std::string& path, const std::string& grpc, const std::string& metrics) {
  nlohmann::ordered_json endpoints;
  endpoints["pid"] = getpid();
  endpoints["grpc"] = grpc;
  endpoints["metrics"] = metrics;
  return io::WriteFileAtomically(path, endpoints.dump() + "\n");
}

}  // namespace cohort::learner

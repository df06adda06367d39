#include "common/rpc/endpoint_file.h"

#include <unistd.h>

#include "common/io/files.h"
#include "nlohmann/json.hpp"

namespace cohort::rpc {

std::string WithPort(const std::string& address, int port) { return address.substr(0, address.rfind(':') + 1) + std::to_string(port); }

absl::Status WriteEndpointFile(const std::string& path, const Endpoints& endpoints) {
  if (path.empty()) return absl::OkStatus();
  nlohmann::json file = {{"pid", getpid()}, {"grpc", endpoints.grpc}, {"metrics", endpoints.metrics}};
  if (!endpoints.web.empty()) file["web"] = endpoints.web;
  return io::WriteFileAtomically(path, file.dump() + "\n");
}

}  // namespace cohort::rpc

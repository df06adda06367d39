#include "common/rpc/endpoint_file.h"

#include <unistd.h>

#include "common/io/files.h"
#include "nlohmann/json.hpp"

namespace cohort::rpc {

std::string WithPort(const std::string& address, int port) { return address.substr(0, address.rfind(':') + 1) + std::to_string(port); }

absl::Status WriteEndpointFile(const std::string& path, const std::string& grpc, const std::string& metrics) {
  if (path.empty()) return absl::OkStatus();
  const nlohmann::json endpoints = {{"pid", getpid()}, {"grpc", grpc}, {"metrics", metrics}};
  return io::WriteFileAtomically(path, endpoints.dump() + "\n");
}

}  // namespace cohort::rpc

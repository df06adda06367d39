#include "services/coderunner/sandbox/wire.h"

#include "absl/status/status.h"
#include "nlohmann/json.hpp"

namespace cohort::coderunner {

std::string ToString(Walls walls) { return walls == Walls::kNamespaces ? "namespaces" : "process"; }

std::string Encode(const SupervisorRequest& request) {
  return nlohmann::json{{"nonce", request.nonce},
                        {"argv", request.argv},
                        {"environment", request.environment},
                        {"directory", request.directory},
                        {"root", request.root},
                        {"view", request.view},
                        {"walls", static_cast<int>(request.walls)},
                        {"builds", request.builds},
                        {"user", request.user},
                        {"cpu_ms", request.cpu_ms},
                        {"wall_ms", request.wall_ms},
                        {"memory_bytes", request.memory_bytes},
                        {"file_bytes", request.file_bytes},
                        {"tasks", request.tasks}}
      .dump();
}

absl::StatusOr<SupervisorRequest> DecodeRequest(std::string_view text) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InvalidArgumentError("the request is not JSON");
  SupervisorRequest request;
  request.nonce = json.value("nonce", "");
  request.argv = json.value("argv", std::vector<std::string>());
  request.environment = json.value("environment", std::vector<std::string>());
  request.directory = json.value("directory", "");
  request.root = json.value("root", "");
  request.view = json.value("view", std::vector<std::string>());
  request.walls = static_cast<Walls>(json.value("walls", 0));
  request.builds = json.value("builds", false);
  request.user = json.value("user", 0u);
  request.cpu_ms = json.value("cpu_ms", int64_t{0});
  request.wall_ms = json.value("wall_ms", int64_t{0});
  request.memory_bytes = json.value("memory_bytes", int64_t{0});
  request.file_bytes = json.value("file_bytes", int64_t{0});
  request.tasks = json.value("tasks", int64_t{0});
  return request;
}

}  // namespace cohort::coderunner

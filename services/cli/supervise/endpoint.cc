#include "services/cli/supervise/endpoint.h"

#include "absl/strings/str_cat.h"
#include "common/io/files.h"
#include "common/status/status_macros.h"
#include "nlohmann/json.hpp"

namespace cohort::cli {

absl::StatusOr<Endpoint> ReadEndpointFile(const std::string& path) {
  COHORT_ASSIGN_OR_RETURN(const std::string text, io::ReadFile(path));
  const nlohmann::json object = nlohmann::json::parse(text, nullptr, false);
  if (!object.is_object() || !object.contains("pid") || !object["pid"].is_number_integer() || !object.contains("grpc") || !object["grpc"].is_string()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": not an endpoint file"));
  }
  Endpoint endpoint;
  endpoint.pid = object["pid"].get<pid_t>();
  endpoint.grpc = object["grpc"].get<std::string>();
  if (object.contains("metrics") && object["metrics"].is_string()) endpoint.metrics = object["metrics"].get<std::string>();
  if (object.contains("web") && object["web"].is_string()) endpoint.web = object["web"].get<std::string>();
  return endpoint;
}

}  // namespace cohort::cli

#include "common/redis/endpoint.h"

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace cohort::redis {

absl::StatusOr<Endpoint> ParseAddress(const std::string& address) {
  if (address.find('@') != std::string::npos) {
    return absl::InvalidArgumentError(
        "the address of a Redis server holds a user or a password; write host:port alone, and set COHORT_REDIS_USER and COHORT_REDIS_PASSWORD_FILE instead");
  }
  absl::string_view rest = address;
  Endpoint endpoint;
  endpoint.tls = absl::ConsumePrefix(&rest, "rediss://");
  if (!endpoint.tls) absl::ConsumePrefix(&rest, "redis://");
  const size_t colon = rest.rfind(':');
  absl::string_view host = rest.substr(0, colon);
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  const bool valid = colon != absl::string_view::npos && !host.empty() && absl::SimpleAtoi(rest.substr(colon + 1), &endpoint.port) && endpoint.port > 0 &&
                     endpoint.port <= 65535 && rest.find('/') == absl::string_view::npos;
  if (!valid) {
    return absl::InvalidArgumentError(absl::StrCat("'", address, "' is not the address of a Redis server; write host:port, or rediss://host:port for TLS"));
  }
  endpoint.host = std::string(host);
  return endpoint;
}

}  // namespace cohort::redis

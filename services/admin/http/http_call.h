#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace cohort::admin {

struct HttpRequest {
  std::string method = "GET";
  std::string url;                  // https://… with `ca_file`, http://… without.
  std::string ca_file = "";         // PEM of the authorities that may vouch for the server; no other is believed.
  std::string token = "";           // Sent as a bearer token; over https only.
  std::string accept = "*/*";
  std::string content_type = "";    // Of the body.
  std::string body = "";
  size_t most_bytes = 1 << 20;      // Of the answer.
};

struct HttpResponse {
  long code = 0;                    // Whatever the server answered, also 4xx and 5xx.
  std::string body;
};

// One request over a connection of its own (libcurl): no proxy, no redirects; over https TLS 1.2 or newer, the server's certificate and name verified.
// Thread-safe. UNAVAILABLE names the address and why there was no answer; DEADLINE_EXCEEDED; RESOURCE_EXHAUSTED when the answer is too long. INVALID_ARGUMENT when
// the URL is neither, when certificates cannot be verified, or when a token would be sent in the clear.
absl::StatusOr<HttpResponse> CallHttp(const HttpRequest& request, absl::Time deadline);

// Body of what "http://ADDRESS/PATH" answers (64 MiB at most). UNAVAILABLE also for any code but 200. `address` is host:port, `path` begins with a slash.
absl::StatusOr<std::string> HttpGet(const std::string& address, const std::string& path, absl::Time deadline);

}  // namespace cohort::admin

#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace cohort::admin {

struct HttpsRequest {
  std::string method = "GET";
  std::string url;            // Must be https.
  std::string ca_file;        // PEM of the authorities that may vouch for the server; no other is believed.
  std::string token;          // Sent as a bearer token.
  std::string content_type;   // Of the body.
  std::string body;
};

struct HttpsResponse {
  long code = 0;              // Whatever the server answered, also 4xx and 5xx.
  std::string body;           // 1 MiB at most.
};

// One request over a connection of its own (libcurl), TLS 1.2 or newer, the server's certificate and name verified, no proxy, no redirects. Thread-safe.
// UNAVAILABLE names the address and why there was no answer; DEADLINE_EXCEEDED.
absl::StatusOr<HttpsResponse> CallHttps(const HttpsRequest& request, absl::Time deadline);

}  // namespace cohort::admin

#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace cohort::admin {

// Body of an HTTP answer of `path` at "host:port" (plain HTTP, 64 MiB at most). UNAVAILABLE or DEADLINE_EXCEEDED names the address.
absl::StatusOr<std::string> HttpGet(const std::string& address, const std::string& path, absl::Time deadline);

}  // namespace cohort::admin

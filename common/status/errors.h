#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace cohort {

// An error with a machine-readable reason ("STALE_POLICY"), so that callers never compare messages. Reasons are part of the API and cross gRPC as
// google.rpc.ErrorInfo with domain "cohort".
absl::Status ErrorWithReason(absl::StatusCode code, absl::string_view reason, absl::string_view message);

// The reason, or "" where there is none.
std::string ErrorReason(const absl::Status& status);

// Attaches how long the caller should wait before it repeats the call (google.rpc.RetryInfo across gRPC).
absl::Status WithRetryDelay(absl::Status status, absl::Duration delay);

// The attached delay, or `fallback`.
absl::Duration RetryDelay(const absl::Status& status, absl::Duration fallback);

// The same error with "`context`: " before its message; reason and delay stay.
absl::Status Annotate(const absl::Status& status, absl::string_view context);

}  // namespace cohort

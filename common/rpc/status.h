#pragma once

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace cohort::rpc {

// absl::Status <-> grpc::Status. Reason and retry delay (common/status/errors.h) travel as google.rpc.ErrorInfo (domain "cohort") and RetryInfo in the
// status details, so nothing is lost on the way.
grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace cohort::rpc

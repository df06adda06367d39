#pragma once

#include <memory>
#include <vector>

#include "common/metrics/metrics.h"
#include "grpcpp/support/server_interceptor.h"

namespace cohort::rpc {

// Counts what a server handles, under the names of gRPC's own metrics (OpenTelemetry): grpc_server_call_duration_seconds{grpc_method, grpc_status}, from
// the first byte of a call to its status. A stream counts when it ends. Only methods that the server has are counted, so the labels are bounded.
// `registry` outlives the server.
std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> CallMetricsInterceptors(metrics::Registry& registry);

}  // namespace cohort::rpc

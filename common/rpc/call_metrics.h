#pragma once

#include <memory>
#include <vector>

#include "common/metrics/metrics.h"
#include "grpcpp/support/client_interceptor.h"
#include "grpcpp/support/server_interceptor.h"

namespace cohort::rpc {

// Counts calls under the names of gRPC's own metrics (OpenTelemetry), as histograms of seconds; each histogram's _count is the number of calls by method and
// status. A stream counts when it ends. `registry` outlives the server or the channels.

// What a server handles: grpc_server_call_duration_seconds{grpc_method, grpc_status}, from the first byte of a call to its status. Only methods that the server
// has are counted, so the labels are bounded.
std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> CallMetricsInterceptors(metrics::Registry& registry);

// What a client calls: grpc_client_call_duration_seconds{grpc_method, grpc_status}, from its start to its status; what never got one counts as CANCELLED. An
// attempt of CallWithRetry() is a call. No label tells the peer: workers come and go under ever new addresses.
std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface> ClientCallMetricsInterceptor(metrics::Registry& registry);

}  // namespace cohort::rpc

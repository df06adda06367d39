#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/security/credentials.h"

namespace cohort::rpc {

// A channel to "host:port" with `credentials` of ClientTls (null: those of the environment for calls between services, see service_tls.h), with keepalive and the message limits of rpc::Server. Where the name has several
// addresses, calls go to all of them in turn; it is resolved again when a connection is lost, at most once a second.
std::shared_ptr<grpc::Channel> Connect(const std::string& address, const std::shared_ptr<grpc::ChannelCredentials>& credentials = nullptr);

// Every call has a deadline.
void SetDeadline(grpc::ClientContext& context, absl::Time deadline);

// How a call is repeated: waits grow from `first_delay` by factor 2 with jitter up to `max_delay`; a delay the server asked for goes before.
struct RetryOptions {
  absl::Duration attempt_timeout = absl::Seconds(10);
  absl::Duration first_delay = absl::Milliseconds(50);
  absl::Duration max_delay = absl::Seconds(2);
};

// Calls `attempt` (with a fresh context whose deadline is set) until it returns something else than UNAVAILABLE, RESOURCE_EXHAUSTED or
// DEADLINE_EXCEEDED, or until `deadline`; the last error is then annotated with `peer`, what was called and for how long. `cancelled` is asked before
// every attempt and ends the loop with CANCELLED.
absl::Status CallWithRetry(absl::string_view peer, absl::Time deadline, const RetryOptions& options,
                           const std::function<grpc::Status(grpc::ClientContext&)>& attempt, const std::function<bool()>& cancelled = nullptr);

// Waits until the server behind `channel` reports SERVING for health service `service`. UNAVAILABLE names `peer`.
absl::Status WaitUntilReady(const std::shared_ptr<grpc::Channel>& channel, absl::string_view peer, const std::string& service, absl::Time deadline,
                            const std::function<bool()>& cancelled = nullptr);

}  // namespace cohort::rpc

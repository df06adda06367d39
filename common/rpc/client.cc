#include "common/rpc/client.h"

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rpc/call_metrics.h"
#include "common/rpc/call_trace.h"
#include "common/rpc/service_tls.h"
#include "common/rpc/status.h"
#include "common/status/errors.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/impl/codegen/client_unary_call.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "proto/cohort/common/v1/health.pb.h"

namespace cohort::rpc {
namespace {

constexpr int kKeepaliveTimeMs = 30'000;
constexpr int kKeepaliveTimeoutMs = 10'000;
constexpr int kMaxMessageBytes = 64 << 20;
// How long one attempt to connect may take, handshakes included: enough for TLS with a busy peer, little enough to notice an address where nobody is any more.
constexpr int kConnectTimeoutMs = 3'000;
constexpr int kFirstReconnectMs = 50;
constexpr int kMaxReconnectMs = 1'000;
// gRPC's own 30 s would be how long a peer that came back under another address is not found.
constexpr int kMinResolutionMs = 1'000;
constexpr absl::Duration kSleepSlice = absl::Milliseconds(20);
constexpr absl::Duration kReadinessPoll = absl::Milliseconds(20);

bool IsWorthRepeating(absl::StatusCode code) {
  return code == absl::StatusCode::kUnavailable || code == absl::StatusCode::kResourceExhausted || code == absl::StatusCode::kDeadlineExceeded;
}

absl::Duration WithJitter(absl::Duration delay) {
  thread_local std::minstd_rand generator{std::random_device{}()};
  return delay * std::uniform_real_distribution<double>(0.75, 1.25)(generator);
}

// Sleeps in slices so that a cancellation is seen; false when cancelled.
bool SleepUntil(absl::Time wake, const std::function<bool()>& cancelled) {
  while (absl::Now() < wake) {
    if (cancelled && cancelled()) return false;
    absl::SleepFor(std::min(kSleepSlice, wake - absl::Now()));
  }
  return !(cancelled && cancelled());
}

// Those of the environment for calls between services.
std::shared_ptr<grpc::ChannelCredentials> OfService(grpc::ChannelArguments& arguments) {
  const std::shared_ptr<grpc::ChannelCredentials> credentials = ServiceChannelCredentials();
  if (credentials == nullptr) return grpc::InsecureChannelCredentials();
  arguments.SetSslTargetNameOverride(kServiceName);
  return credentials;
}

// An end that is not accepted only sees its connection end: says what to look at where that could be the reason.
absl::Status WithTlsHint(const absl::Status& status) {
  const bool answered = !ErrorReason(status).empty() || absl::StrContains(status.message(), "not serving yet");
  if (!absl::IsUnavailable(status) || answered || absl::StrContains(status.message(), "refused") || !ServiceTlsFiles().any()) return status;
  return absl::UnavailableError(absl::StrCat(status.message(), " (TLS: COHORT_TLS_CERT must be valid and of an authority that the other end trusts, and the other end's must name '",
                                             kServiceName, "' and be of one in COHORT_TLS_CA)"));
}

}  // namespace

std::shared_ptr<grpc::Channel> Connect(const std::string& address, const std::shared_ptr<grpc::ChannelCredentials>& credentials, metrics::Registry* metrics) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  // By its name the least delay before another attempt; what gRPC does with it is to bound the attempt.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectTimeoutMs);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kFirstReconnectMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMaxReconnectMs);
  arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, kMinResolutionMs);
  arguments.SetLoadBalancingPolicyName("round_robin");
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(TraceInterceptor());
  if (metrics != nullptr) interceptors.push_back(ClientCallMetricsInterceptor(*metrics));
  return grpc::experimental::CreateCustomChannelWithInterceptors(address, credentials != nullptr ? credentials : OfService(arguments), arguments,
                                                                 std::move(interceptors));
}

void SetDeadline(grpc::ClientContext& context, absl::Time deadline) { context.set_deadline(absl::ToChronoTime(deadline)); }

absl::Status CallWithRetry(absl::string_view peer, absl::Time deadline, const RetryOptions& options,
                           const std::function<grpc::Status(grpc::ClientContext&)>& attempt, const std::function<bool()>& cancelled) {
  const absl::Time begin = absl::Now();
  absl::Duration delay = options.first_delay;
  absl::Status told;  // The last error that says more than that the time was up.
  for (int attempts = 1;; ++attempts) {
    if (cancelled && cancelled()) return absl::CancelledError(absl::StrCat(peer, ": cancelled"));
    grpc::ClientContext context;
    SetDeadline(context, std::min(deadline, absl::Now() + options.attempt_timeout));
    const absl::Status status = FromGrpc(attempt(context));
    if (status.ok() || !IsWorthRepeating(status.code())) return status.ok() ? status : Annotate(status, peer);
    if (told.ok() || !absl::IsDeadlineExceeded(status)) told = status;
    const absl::Time wake = absl::Now() + RetryDelay(status, WithJitter(delay));
    if (wake >= deadline) {
      return Annotate(WithTlsHint(told), absl::StrCat(peer, ": gave up after ", attempts, " attempts in ", absl::FormatDuration(absl::Now() - begin)));
    }
    if (!SleepUntil(wake, cancelled)) return absl::CancelledError(absl::StrCat(peer, ": cancelled"));
    delay = std::min(delay * 2, options.max_delay);
  }
}

absl::Status WaitUntilReady(const std::shared_ptr<grpc::Channel>& channel, absl::string_view peer, const std::string& service, absl::Time deadline,
                            const std::function<bool()>& cancelled) {
  const grpc::internal::RpcMethod method("/grpc.health.v1.Health/Check", grpc::internal::RpcMethod::NORMAL_RPC, channel);
  common::v1::HealthProbe request;
  request.set_service(service);
  const RetryOptions options{.attempt_timeout = absl::Seconds(2), .first_delay = kReadinessPoll, .max_delay = absl::Milliseconds(200)};
  return CallWithRetry(
      peer, deadline, options,
      [&](grpc::ClientContext& context) {
        common::v1::HealthState state;
        const grpc::Status status = grpc::internal::BlockingUnaryCall<common::v1::HealthProbe, common::v1::HealthState>(
            channel.get(), method, &context, request, &state);
        if (!status.ok() || state.status() == common::v1::HEALTH_STATUS_SERVING) return status;
        return grpc::Status(grpc::StatusCode::UNAVAILABLE, absl::StrCat("'", service, "' is not serving yet"));
      },
      cancelled);
}

}  // namespace cohort::rpc

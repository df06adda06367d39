#include "common/rpc/server.h"

#include <mutex>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "common/rpc/call_metrics.h"
#include "common/rpc/log_service.h"
#include "common/rpc/service_tls.h"
#include "common/status/status_macros.h"
#include "grpcpp/ext/channelz_service_plugin.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/impl/server_builder_option.h"

namespace cohort::rpc {
namespace {

constexpr int kKeepaliveTimeMs = 30'000;
constexpr int kKeepaliveTimeoutMs = 10'000;
constexpr int kMinPingIntervalMs = 10'000;

// Leaves out the services that plug-ins of the process add to every server: reflection, channelz.
class WithoutPlugins final : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override { plugins->clear(); }
};

// A server for plaintext probes: health alone.
class ProbeServer {
 public:
  // Null for no address. UNAVAILABLE names the address when it cannot be bound.
  static absl::StatusOr<std::unique_ptr<ProbeServer>> Start(const std::string& address) {
    if (address.empty()) return nullptr;
    auto probes = std::make_unique<ProbeServer>();
    grpc::ServerBuilder builder;
    builder.SetOption(std::make_unique<WithoutPlugins>());
    builder.RegisterCallbackGenericService(&probes->nothing_);
    int port = 0;
    builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    probes->server_ = builder.BuildAndStart();
    if (probes->server_ != nullptr && port != 0) return probes;
    return absl::UnavailableError(absl::StrCat("COHORT_PROBE_LISTEN: cannot listen on ", address, ": the address is in use or not on this machine"));
  }

  void Shutdown() { server_->Shutdown(absl::ToChronoTime(absl::Now())); }

  void SetHealth(const std::string& service, bool serving) { server_->GetHealthCheckService()->SetServingStatus(service, serving); }

 private:
  // Answers UNIMPLEMENTED to everything: gRPC starts no server that has only its own health service. Serves one server in its life.
  grpc::CallbackGenericService nothing_;
  std::unique_ptr<grpc::Server> server_;
};

void EnablePlugins() {
  static std::once_flag once;
  std::call_once(once, [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
}

void EnableChannelz() {
  static std::once_flag once;
  std::call_once(once, [] { grpc::channelz::experimental::InitChannelzService(); });
}

}  // namespace

bool IsLoopback(absl::string_view address) {
  return absl::StartsWith(address, "127.") || absl::StartsWith(address, "localhost:") || absl::StartsWith(address, "[::1]:") ||
         absl::StartsWith(address, "unix:");
}

class Server::Impl {
 public:
  Impl(std::unique_ptr<LogServiceImpl> log, std::unique_ptr<grpc::Server> server, std::unique_ptr<ProbeServer> probes, int port, std::string host)
      : log_(std::move(log)), server_(std::move(server)), probes_(std::move(probes)), port_(port), host_(std::move(host)) {
    SetHealth("", true);
    SetHealth("liveness", true);
    SetReady(false);
  }

  void SetReady(bool ready) { SetHealth("readiness", ready); }

  void SetHealth(const std::string& service, bool serving) {
    server_->GetHealthCheckService()->SetServingStatus(service, serving);
    if (probes_ != nullptr) probes_->SetHealth(service, serving);
  }

  const std::unique_ptr<LogServiceImpl> log_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<ProbeServer> probes_;  // Null where none were asked for.
  const int port_;
  const std::string host_;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() { Shutdown(absl::Now()); }

absl::StatusOr<std::unique_ptr<Server>> Server::Start(Options options) {
  if (options.credentials == nullptr) {
    COHORT_ASSIGN_OR_RETURN(options.credentials, ServiceServerCredentials());
  }
  if (options.credentials == nullptr && !options.allow_remote && !IsLoopback(options.address)) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.address, ": plaintext gRPC is served on loopback only; use 127.0.0.1, or TLS (COHORT_TLS_CERT, COHORT_TLS_KEY, COHORT_TLS_CA), or pass --allow-remote on a trusted network"));
  }
  EnablePlugins();
  COHORT_ASSIGN_OR_RETURN(auto probes, ProbeServer::Start(options.credentials != nullptr ? ProbeAddress() : ""));
  if (options.open_controls) EnableChannelz();
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(options.address, options.credentials != nullptr ? options.credentials : grpc::InsecureServerCredentials(), &port);
  builder.SetMaxReceiveMessageSize(options.max_message_bytes);
  builder.SetMaxSendMessageSize(options.max_message_bytes);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kMinPingIntervalMs);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  if (options.max_connection_age != absl::InfiniteDuration()) {
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, static_cast<int>(absl::ToInt64Milliseconds(options.max_connection_age)));
  }
  for (grpc::Service* service : options.services) builder.RegisterService(service);
  if (options.metrics != nullptr) builder.experimental().SetInterceptorCreators(CallMetricsInterceptors(*options.metrics));
  auto log = std::make_unique<LogServiceImpl>();
  if (options.open_controls) builder.RegisterService(log.get());
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", options.address, ": the address is in use or not on this machine"));
  }
  const std::string host = options.address.substr(0, options.address.rfind(':'));
  return std::unique_ptr<Server>(new Server(std::make_unique<Impl>(std::move(log), std::move(server), std::move(probes), port, host)));
}

void Server::SetReady(bool ready) { impl_->SetReady(ready); }

int Server::port() const { return impl_->port_; }

std::string Server::address() const { return absl::StrCat(impl_->host_ == "0.0.0.0" ? "127.0.0.1" : impl_->host_, ":", impl_->port_); }

std::string Server::listens_on() const { return absl::StrCat(impl_->host_, ":", impl_->port_); }

void Server::Shutdown(absl::Time deadline) {
  impl_->SetReady(false);
  impl_->server_->Shutdown(absl::ToChronoTime(deadline));
  if (impl_->probes_ != nullptr) impl_->probes_->Shutdown();
}

}  // namespace cohort::rpc

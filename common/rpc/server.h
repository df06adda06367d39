#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/metrics/metrics.h"
#include "grpcpp/impl/codegen/service_type.h"
#include "grpcpp/security/server_credentials.h"

namespace cohort::rpc {

// A gRPC server wired as every Cohort service has it: health (names "", "liveness", "readiness"), reflection, channelz and LogService unless they are left
// out, message limits, keepalive. With TLS it also answers grpc.health.v1, and nothing else, in plaintext at ProbeAddress(). Starts not ready. Thread-safe.
class Server {
 public:
  struct Options {
    std::string address;                    // "127.0.0.1:0" picks a free port. Other than loopback needs `allow_remote`.
    bool allow_remote = false;
    std::vector<grpc::Service*> services;   // Not owned; must outlive the server.
    int max_message_bytes = 64 << 20;
    // After so long a client is asked to connect anew, which makes it look for servers that have come since; calls in progress end in peace. Only for
    // services without streams that last.
    absl::Duration max_connection_age = absl::InfiniteDuration();
    metrics::Registry* metrics = nullptr;  // Where calls are counted (call_metrics.h). Not owned; outlives the server.
    bool open_controls = true;  // LogService and channelz, which ask nobody for a role. Channelz is there when any server of the process has it.
    // Of ServerTls; null takes those of the environment (service_tls.h), else plaintext. With TLS any address goes without `allow_remote`.
    std::shared_ptr<grpc::ServerCredentials> credentials = nullptr;
  };
  // UNAVAILABLE names the address when it cannot be bound.
  static absl::StatusOr<std::unique_ptr<Server>> Start(Options options);
  ~Server();

  // Sets the health of "readiness"; "liveness" and "" serve from the start.
  void SetReady(bool ready);

  int port() const;
  // host:port that a client on this machine can use.
  std::string address() const;
  // host:port that it listens on, for people: of "0.0.0.0:0" the host stays.
  std::string listens_on() const;

  // Stops taking calls, gives those in progress until `deadline`, then cancels them.
  void Shutdown(absl::Time deadline);

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Whether "host:port" can be reached from this machine only.
bool IsLoopback(absl::string_view address);

}  // namespace cohort::rpc

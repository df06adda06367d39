#include "common/rpc/call_metrics.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/support/interceptor.h"

namespace cohort::rpc {
namespace {

using grpc::experimental::ClientInterceptorFactoryInterface;
using grpc::experimental::ClientRpcInfo;
using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::Interceptor;
using grpc::experimental::InterceptorBatchMethods;
using grpc::experimental::ServerInterceptorFactoryInterface;
using grpc::experimental::ServerRpcInfo;

// One side's histogram.
struct Family {
  const char* name;
  const char* help;
};
constexpr Family kServerCalls = {"grpc_server_call_duration_seconds", "Time of a call that this server handled; of a stream, until it ended."};
constexpr Family kClientCalls = {"grpc_client_call_duration_seconds", "Time of a call that this process made; of a stream, until it ended."};

// Times one call, whose side says with `Status` when it is over. Lives as long as the call.
class CallObserver : public Interceptor {
 public:
  CallObserver(metrics::Registry& registry, const Family& family, const char* method)
      : registry_(registry), family_(family), method_(absl::StripPrefix(method, "/")), begin_(absl::Now()) {}

  ~CallObserver() override {
    // A call that was cancelled before it got a status.
    if (!counted_) Count(grpc::StatusCode::CANCELLED);
  }

 protected:
  void Count(grpc::StatusCode code) {
    counted_ = true;
    static const auto& buckets = *new std::vector<double>{0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300};
    const std::string status = absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
    registry_.GetHistogram(family_.name, family_.help, buckets, {{"grpc_method", method_}, {"grpc_status", status}})
        ->Observe(absl::ToDoubleSeconds(absl::Now() - begin_));
  }

 private:
  metrics::Registry& registry_;
  const Family& family_;
  const std::string method_;
  const absl::Time begin_;
  bool counted_ = false;
};

class ServerCallObserver final : public CallObserver {
 public:
  ServerCallObserver(metrics::Registry& registry, const char* method) : CallObserver(registry, kServerCalls, method) {}

  void Intercept(InterceptorBatchMethods* batch) override {
    if (batch->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) Count(batch->GetSendStatus().error_code());
    batch->Proceed();
  }
};

class ClientCallObserver final : public CallObserver {
 public:
  ClientCallObserver(metrics::Registry& registry, const char* method) : CallObserver(registry, kClientCalls, method) {}

  void Intercept(InterceptorBatchMethods* batch) override {
    if (batch->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_STATUS)) Count(batch->GetRecvStatus()->error_code());
    batch->Proceed();
  }
};

class ServerFactory final : public ServerInterceptorFactoryInterface {
 public:
  explicit ServerFactory(metrics::Registry& registry) : registry_(registry) {}
  Interceptor* CreateServerInterceptor(ServerRpcInfo* info) override { return new ServerCallObserver(registry_, info->method()); }

 private:
  metrics::Registry& registry_;
};

class ClientFactory final : public ClientInterceptorFactoryInterface {
 public:
  explicit ClientFactory(metrics::Registry& registry) : registry_(registry) {}
  Interceptor* CreateClientInterceptor(ClientRpcInfo* info) override { return new ClientCallObserver(registry_, info->method()); }

 private:
  metrics::Registry& registry_;
};

}  // namespace

std::vector<std::unique_ptr<ServerInterceptorFactoryInterface>> CallMetricsInterceptors(metrics::Registry& registry) {
  std::vector<std::unique_ptr<ServerInterceptorFactoryInterface>> factories;
  factories.push_back(std::make_unique<ServerFactory>(registry));
  return factories;
}

std::unique_ptr<ClientInterceptorFactoryInterface> ClientCallMetricsInterceptor(metrics::Registry& registry) {
  return std::make_unique<ClientFactory>(registry);
}

}  // namespace cohort::rpc

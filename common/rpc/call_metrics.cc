#include "common/rpc/call_metrics.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/support/interceptor.h"

namespace cohort::rpc {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::Interceptor;
using grpc::experimental::InterceptorBatchMethods;
using grpc::experimental::ServerInterceptorFactoryInterface;
using grpc::experimental::ServerRpcInfo;

// Lives as long as its call.
class CallObserver final : public Interceptor {
 public:
  CallObserver(metrics::Registry& registry, const char* method) : registry_(registry), method_(method), begin_(absl::Now()) {}

  ~CallObserver() override {
    // A call that was cancelled before it got a status.
    if (!counted_) Count(absl::StatusCode::kCancelled);
  }

  void Intercept(InterceptorBatchMethods* batch) override {
    if (batch->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      Count(static_cast<absl::StatusCode>(batch->GetSendStatus().error_code()));
    }
    batch->Proceed();
  }

 private:
  void Count(absl::StatusCode code) {
    counted_ = true;
    static const auto& buckets = *new std::vector<double>{0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300};
    registry_
        .GetHistogram("grpc_server_call_duration_seconds", "Time of a call that this server handled; of a stream, until it ended.", buckets,
                      {{"grpc_method", std::string(absl::StripPrefix(method_, "/"))}, {"grpc_status", absl::StatusCodeToString(code)}})
        ->Observe(absl::ToDoubleSeconds(absl::Now() - begin_));
  }

  metrics::Registry& registry_;
  const absl::string_view method_;  // Of the server, which outlives its calls.
  const absl::Time begin_;
  bool counted_ = false;
};

class Factory final : public ServerInterceptorFactoryInterface {
 public:
  explicit Factory(metrics::Registry& registry) : registry_(registry) {}
  Interceptor* CreateServerInterceptor(ServerRpcInfo* info) override { return new CallObserver(registry_, info->method()); }

 private:
  metrics::Registry& registry_;
};

}  // namespace

std::vector<std::unique_ptr<ServerInterceptorFactoryInterface>> CallMetricsInterceptors(metrics::Registry& registry) {
  std::vector<std::unique_ptr<ServerInterceptorFactoryInterface>> factories;
  factories.push_back(std::make_unique<Factory>(registry));
  return factories;
}

}  // namespace cohort::rpc

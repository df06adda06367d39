#include "common/rpc/call_trace.h"

#include <map>
#include <utility>

namespace cohort::rpc {
namespace {

using grpc::experimental::ClientInterceptorFactoryInterface;
using grpc::experimental::ClientRpcInfo;
using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::Interceptor;
using grpc::experimental::InterceptorBatchMethods;

constexpr char kHeader[] = "traceparent";

std::optional<TraceContext>& Current() {
  thread_local std::optional<TraceContext> current;
  return current;
}

// Made where the call is made, so on the thread whose trace counts; its hook may run on another.
class TraceSender final : public Interceptor {
 public:
  TraceSender() : trace_(Current().has_value() ? Current()->Child() : TraceContext::Begin()) {}

  void Intercept(InterceptorBatchMethods* batch) override {
    if (batch->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      auto& metadata = *batch->GetSendInitialMetadata();
      if (metadata.find(kHeader) == metadata.end()) metadata.emplace(kHeader, trace_.Traceparent());
    }
    batch->Proceed();
  }

 private:
  const TraceContext trace_;
};

class Factory final : public ClientInterceptorFactoryInterface {
 public:
  Interceptor* CreateClientInterceptor(ClientRpcInfo*) override { return new TraceSender; }
};

}  // namespace

TraceContext TraceOf(const grpc::ServerContextBase& context) {
  const auto [begin, end] = context.client_metadata().equal_range(kHeader);
  if (begin == end || std::next(begin) != end) return TraceContext::Begin();
  return TraceContext::ParseOrBegin({begin->second.data(), begin->second.size()});
}

TraceScope::TraceScope(std::optional<TraceContext> trace) : before_(std::exchange(Current(), std::move(trace))) {}

TraceScope::~TraceScope() { Current() = before_; }

std::optional<TraceContext> CurrentTrace() { return Current(); }

std::string CurrentTraceTag() { return Current().has_value() ? TraceTag(*Current()) : ""; }

std::unique_ptr<ClientInterceptorFactoryInterface> TraceInterceptor() { return std::make_unique<Factory>(); }

}  // namespace cohort::rpc

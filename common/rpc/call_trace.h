#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/rpc/trace_context.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/client_interceptor.h"

namespace cohort::rpc {

// The trace of a call that a server handles, from its metadata; a new one when the caller sent none, several, or an invalid one.
TraceContext TraceOf(const grpc::ServerContextBase& context);

// While it lives, what this thread does belongs to `trace`: every call that it makes through a channel of Connect() carries a child of it. Scopes nest; a scope
// ends on the thread on which it began.
class TraceScope {
 public:
  explicit TraceScope(std::optional<TraceContext> trace);
  ~TraceScope();
  TraceScope(const TraceScope&) = delete;
  TraceScope& operator=(const TraceScope&) = delete;

 private:
  const std::optional<TraceContext> before_;
};

// What this thread's innermost scope says; nullopt outside of any.
std::optional<TraceContext> CurrentTrace();
// TraceTag() of that; "" outside of any scope.
std::string CurrentTraceTag();

// Gives every call its `traceparent`: a child of the thread's current trace, or a trace of its own. A call whose context has one already keeps it.
std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface> TraceInterceptor();

}  // namespace cohort::rpc

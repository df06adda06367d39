#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/registry/service_registry.h"
#include "common/rpc/status.h"
#include "grpcpp/server_context.h"
#include "services/admin/access/access.h"
#include "services/admin/acts/request_log.h"

namespace cohort::admin {

// What an act did, for its audit event.
struct Audit {
  std::string subject;
  std::string message;
};

// Runs the calls that change something: for operators alone, once per request id, and with an audit event in the registry's log. Thread-safe.
class ActRunner {
 public:
  // The act itself, within `deadline`. It fills the response and honours validate_only; an error means that nothing was done.
  using Work = std::function<absl::StatusOr<Audit>(const Caller& caller, absl::Time deadline)>;

  // All of them outlive it.
  ActRunner(Access& access, RequestLog& requests, registry::ServiceRegistry& registry) : access_(access), requests_(requests), registry_(registry) {}

  // Runs `work` for the call `method`, or repeats in `response` what an earlier call with this request id was answered; see AdminService.
  template <typename Request, typename Response>
  grpc::Status Run(grpc::ServerContext& context, absl::string_view method, const Request& request, Response* response, const Work& work) {
    Request content = request;
    content.clear_request_id();
    std::string answer;
    const absl::Status status = RunOnce(context, request.request_id(), absl::StrCat(method, "\n", content.SerializeAsString()), request.validate_only(), &answer,
                                        work, [response] { return response->SerializeAsString(); });
    if (!status.ok()) return rpc::ToGrpc(status);
    if (!response->ParseFromString(answer)) return rpc::ToGrpc(absl::DataLossError("the remembered answer cannot be read"));
    return grpc::Status::OK;
  }

 private:
  // Run() with serialised messages: `answer` is what `work` or an earlier call answered.
  absl::Status RunOnce(grpc::ServerContext& context, const std::string& request_id, const std::string& content, bool validate_only, std::string* answer,
                       const Work& work, const std::function<std::string()>& serialise);
  void WriteAudit(const Caller& caller, const std::string& request_id, const Audit& audit, absl::Time deadline);

  Access& access_;
  RequestLog& requests_;
  registry::ServiceRegistry& registry_;
};

}  // namespace cohort::admin

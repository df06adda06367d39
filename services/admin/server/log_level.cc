// The call of AdminService that sets the log level of a service, itself included.
#include "absl/strings/str_cat.h"
#include "common/rpc/log_service.h"
#include "common/rpc/status.h"
#include "common/status/status_macros.h"
#include "proto/cohort/common/v1/log_service.grpc.pb.h"
#include "services/admin/server/admin_service.h"

namespace cohort::admin {
namespace {

using common::v1::LogService;

const auto kNewLog = [](const auto& channel) { return LogService::NewStub(channel); };

}  // namespace

grpc::Status AdminServiceImpl::SetLogLevel(grpc::ServerContext* context, const v1::SetLogLevelRequest* request, v1::SetLogLevelResponse* response) {
  return acts_.Run(*context, "SetLogLevel", *request, response, [&](const Caller&, absl::Time deadline) -> absl::StatusOr<Audit> {
    if (request->level() < common::v1::LOG_LEVEL_INFO || request->level() > common::v1::LOG_LEVEL_ERROR) {
      return absl::InvalidArgumentError("level: INFO, WARNING or ERROR is needed");
    }
    COHORT_ASSIGN_OR_RETURN(const ServiceRecord service, parts_.cluster.Service(request->service(), deadline));
    if (service.endpoint().empty()) return absl::FailedPreconditionError(absl::StrCat(service.name(), " takes no calls"));
    if (request->validate_only()) return Audit();
    common::v1::SetLogLevelRequest ask;
    ask.set_level(request->level());
    common::v1::SetLogLevelResponse set;
    if (service.name() == parts_.name) {
      COHORT_RETURN_IF_ERROR(rpc::FromGrpc(rpc::LogServiceImpl().SetLogLevel(nullptr, &ask, &set)));
    } else {
      COHORT_RETURN_IF_ERROR(OfService(parts_.cluster.Call(service, &LogService::Stub::SetLogLevel, ask, &set, deadline, kNewLog), service));
    }
    response->set_previous(set.previous());
    return Audit{service.name(), absl::StrCat("log level from ", common::v1::LogLevel_Name(set.previous()), " to ", common::v1::LogLevel_Name(ask.level()))};
  });
}

}  // namespace cohort::admin
